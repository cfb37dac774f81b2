"""What accounts, sessions, callers and pages say about themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.domain.access_token import AccessTokenClaims
from core.domain.caller import ActorType, Caller, Origin
from core.domain.errors import ValidationFailed
from core.domain.kyc import KycStatus
from core.domain.page import effective_page_size
from core.domain.session import Session, SessionState
from core.domain.user import Role, User, UserStatus, user_status

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
ONE = UUID(int=1)

SESSION = Session(
    id=ONE,
    user_id=ONE,
    created_at=NOW,
    last_used_at=NOW,
    expires_at=NOW + timedelta(seconds=60),
    absolute_expires_at=NOW + timedelta(seconds=600),
    amr=("pwd",),
    ip_address=None,
    user_agent=None,
)

USER = User(
    id=ONE,
    email="someone@example.com",
    full_name=None,
    role=Role.USER,
    kyc_status=KycStatus.PENDING,
    email_verified=True,
    mfa_enabled=False,
    created_at=NOW,
    updated_at=NOW,
    suspended_at=None,
    deleted_at=None,
)

STATE = SessionState(
    session_id=ONE,
    authenticated_at=NOW,
    revoked_at=None,
    absolute_expires_at=NOW + timedelta(seconds=600),
    user=USER,
)

CLAIMS = AccessTokenClaims(
    subject=str(ONE),
    token_id=ONE,
    issued_at=NOW,
    expires_at=NOW,
    role=Role.USER,
    session_id=ONE,
    kyc_status=KycStatus.PENDING,
)

ORIGIN = Origin(request_id="request-1", trace_id="trace-1")


def test_deletion_outranks_suspension() -> None:
    assert user_status(suspended_at=None, deleted_at=None) is UserStatus.ACTIVE
    assert user_status(suspended_at=NOW, deleted_at=None) is UserStatus.SUSPENDED
    assert user_status(suspended_at=None, deleted_at=NOW) is UserStatus.DELETED
    assert user_status(suspended_at=NOW, deleted_at=NOW) is UserStatus.DELETED


def test_a_session_lives_until_it_is_revoked_or_left_idle() -> None:
    assert SESSION.is_alive(NOW + timedelta(seconds=59))
    assert not SESSION.is_alive(NOW + timedelta(seconds=60))
    assert not replace(SESSION, revoked_at=NOW).is_alive(NOW)


def test_a_caller_may_act_in_a_session_that_goes_on_and_an_account_that_is_active() -> None:
    assert STATE.may_act(NOW + timedelta(seconds=599))
    assert not STATE.may_act(NOW + timedelta(seconds=600))
    assert not replace(STATE, revoked_at=NOW).may_act(NOW)
    assert not replace(STATE, user=replace(USER, suspended_at=NOW)).may_act(NOW)
    assert not replace(STATE, user=replace(USER, deleted_at=NOW)).may_act(NOW)


def test_a_subject_names_a_service_only_with_its_prefix() -> None:
    assert CLAIMS.service_name is None
    assert replace(CLAIMS, subject="service:ledger").service_name == "ledger"
    assert replace(CLAIMS, subject="ledger").service_name is None


def test_an_actor_is_a_person_a_service_or_nobody() -> None:
    assert Caller(origin=ORIGIN, user_id=ONE).actor_id == str(ONE)
    service = Caller(origin=ORIGIN, actor_type=ActorType.SERVICE, service_name="ledger")
    assert service.actor_id == "service:ledger"
    assert Caller(origin=ORIGIN).actor_id is None
    assert Caller(origin=ORIGIN, actor_type=ActorType.SYSTEM).actor_id is None


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (1, 1), (1000, 1000), (1001, 1000)])
def test_a_page_has_50_rows_unless_given_and_never_over_1000(asked: int, size: int) -> None:
    assert effective_page_size(asked) == size


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        effective_page_size(-1)
    assert caught.value.violations[0].field == "page_size"


def test_no_personal_data_shows_in_a_representation() -> None:
    origin = replace(ORIGIN, ip_address="203.0.113.7", user_agent="browser/1.0")
    session = replace(SESSION, ip_address="203.0.113.7", user_agent="browser/1.0")
    for shown in (repr(Caller(origin=origin)), repr(session)):
        assert "203.0.113.7" not in shown
        assert "browser" not in shown
