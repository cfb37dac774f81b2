"""Refresh."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.caller import Caller
from core.domain.errors import (
    AccountSuspended,
    DomainError,
    RefreshTokenInvalid,
    RefreshTokenReused,
)
from core.domain.events import RefreshTokenReuseDetected, SessionRevoked
from core.domain.kyc import KycStatus
from core.domain.session import RevocationCause, SessionLifetimes, TokenPair
from core.domain.user import Role
from tests.fakes.world import LIFETIMES, World

DAY = 24 * 3600


async def _refresh(world: World, refresh_token: str, caller: Caller | None = None) -> TokenPair:
    return await world.use_cases.refresh.refresh(
        refresh_token=refresh_token, request_id=None, caller=caller or world.nobody
    )


async def _logged_in() -> tuple[World, TokenPair]:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    world.forget_the_past()
    return world, tokens


async def _refused(
    world: World, error: type[DomainError], refresh_token: str, caller: Caller | None = None
) -> None:
    """Expect a refusal that leaves one row of the audit log and nothing else."""
    before = world.database.snapshot()
    with pytest.raises(error):
        await _refresh(world, refresh_token, caller)
    after = world.database.snapshot()
    assert replace(after, audit=before.audit) == before
    entry = world.database.audit_entries[-1]
    assert len(after.audit) == len(before.audit) + 1
    assert (entry.action, entry.outcome) == (AuditAction.REFRESH, AuditOutcome.FAILURE)
    assert entry.reason == error.reason
    assert entry.actor_id is None


async def test_each_refresh_token_is_replaced_by_another_that_works() -> None:
    world, tokens = await _logged_in()
    seen = {tokens.refresh_token}
    for _ in range(5):
        tokens = await _refresh(world, tokens.refresh_token)
        assert tokens.refresh_token not in seen
        seen.add(tokens.refresh_token)
    stored = world.database.tables.refresh_tokens
    assert sum(token.used_at is None for token in stored.values()) == 1
    assert stored[world.refresh_tokens.digest(tokens.refresh_token)].used_at is None


async def test_the_session_stays_the_same_and_is_used_now() -> None:
    world, tokens = await _logged_in()
    world.clock.advance(3 * DAY)
    refreshed = await _refresh(world, tokens.refresh_token)
    assert refreshed.session_id == tokens.session_id
    session = world.database.tables.sessions[tokens.session_id]
    now = world.clock.now()
    assert session.last_used_at == now
    assert session.expires_at == now + timedelta(seconds=LIFETIMES.refresh_idle_seconds)
    assert session.created_at == now - timedelta(days=3)
    used = world.database.tables.refresh_tokens[world.refresh_tokens.digest(tokens.refresh_token)]
    assert used.used_at == now
    fresh = world.refresh_tokens.digest(refreshed.refresh_token)
    assert world.database.tables.refresh_tokens[fresh].expires_at == session.expires_at


async def test_a_refresh_is_recorded_once_and_no_event() -> None:
    world, tokens = await _logged_in()
    await _refresh(world, tokens.refresh_token)
    entry = world.only_audit_entry
    user_id = world.database.tables.sessions[tokens.session_id].user_id
    assert (entry.action, entry.outcome) == (AuditAction.REFRESH, AuditOutcome.SUCCESS)
    assert (entry.actor_id, entry.user_id) == (str(user_id), user_id)
    assert entry.resource_type is ResourceType.SESSION
    assert entry.resource_id == str(tokens.session_id)
    assert world.database.events == []


async def test_the_new_access_token_carries_role_and_kyc_status_of_now() -> None:
    world, tokens = await _logged_in()
    user_id = world.database.tables.sessions[tokens.session_id].user_id
    await world.use_cases.kyc.update(
        user_id, status=KycStatus.VERIFIED, reason=None, caller=world.staff(Role.COMPLIANCE)
    )
    await world.use_cases.administration.set_role(user_id, role=Role.SUPPORT, caller=world.staff())
    refreshed = await _refresh(world, tokens.refresh_token)
    claims = world.access_tokens.read(refreshed.access_token)
    assert claims.kyc_status is KycStatus.VERIFIED
    assert claims.role is Role.SUPPORT
    assert claims.session_id == tokens.session_id
    assert claims.amr == ("pwd",)


async def test_old_access_tokens_stay_valid_through_a_refresh() -> None:
    world, tokens = await _logged_in()
    await _refresh(world, tokens.refresh_token)
    assert await world.use_cases.introspection.introspect(tokens.access_token) is not None


async def test_a_token_that_was_never_issued_touches_nothing() -> None:
    world, _ = await _logged_in()
    await _refused(world, RefreshTokenInvalid, "made up")
    entry = world.database.audit_entries[-1]
    assert (entry.user_id, entry.resource_id) == (None, None)


async def test_reuse_ends_the_session_before_it_is_answered() -> None:
    world, tokens = await _logged_in()
    refreshed = await _refresh(world, tokens.refresh_token)
    world.forget_the_past()
    with pytest.raises(RefreshTokenReused):
        await _refresh(world, tokens.refresh_token, world.stranger)
    session = world.database.tables.sessions[tokens.session_id]
    assert session.revoked_at == world.clock.now()
    assert session.revocation_cause is RevocationCause.REFRESH_TOKEN_REUSED
    assert world.database.events == [
        SessionRevoked(
            user_id=session.user_id,
            session_id=session.id,
            cause=RevocationCause.REFRESH_TOKEN_REUSED,
        ),
        RefreshTokenReuseDetected(user_id=session.user_id, session_id=session.id),
    ]
    entry = world.only_audit_entry
    assert (entry.outcome, entry.reason) == (AuditOutcome.FAILURE, "REFRESH_TOKEN_REUSED")
    assert (entry.actor_id, entry.user_id) == (None, session.user_id)
    assert entry.resource_id == str(session.id)
    assert await world.use_cases.introspection.introspect(refreshed.access_token) is None


async def test_the_token_that_followed_a_reused_one_is_worthless() -> None:
    world, tokens = await _logged_in()
    refreshed = await _refresh(world, tokens.refresh_token)
    with pytest.raises(RefreshTokenReused):
        await _refresh(world, tokens.refresh_token, world.stranger)
    await _refused(world, RefreshTokenInvalid, refreshed.refresh_token)


async def test_reuse_after_the_end_of_the_session_is_named_but_not_told_again() -> None:
    world, tokens = await _logged_in()
    await _refresh(world, tokens.refresh_token)
    with pytest.raises(RefreshTokenReused):
        await _refresh(world, tokens.refresh_token, world.stranger)
    world.clock.advance(60)
    await _refused(world, RefreshTokenReused, tokens.refresh_token, world.stranger)


async def test_another_session_of_the_same_person_survives_a_reuse() -> None:
    world, tokens = await _logged_in()
    other = (await world.login()).tokens
    await _refresh(world, tokens.refresh_token)
    with pytest.raises(RefreshTokenReused):
        await _refresh(world, tokens.refresh_token, world.stranger)
    await _refresh(world, other.refresh_token)


async def test_a_revoked_session_is_not_refreshed() -> None:
    world, tokens = await _logged_in()
    await world.use_cases.logout.logout(
        refresh_token=tokens.refresh_token, access_token=None, caller=world.nobody
    )
    await _refused(world, RefreshTokenInvalid, tokens.refresh_token)


async def test_a_session_left_idle_ends_to_the_second() -> None:
    world, tokens = await _logged_in()
    world.clock.advance(LIFETIMES.refresh_idle_seconds)
    await _refused(world, RefreshTokenInvalid, tokens.refresh_token)
    world.clock.advance(-1)
    await _refresh(world, tokens.refresh_token)


async def test_a_token_can_expire_before_its_session() -> None:
    world, tokens = await _logged_in()
    digest = world.refresh_tokens.digest(tokens.refresh_token)
    stored = world.database.tables.refresh_tokens
    stored[digest] = replace(stored[digest], expires_at=world.clock.now())
    await _refused(world, RefreshTokenInvalid, tokens.refresh_token)


async def test_use_does_not_move_the_absolute_end() -> None:
    world, tokens = await _logged_in()
    opened_at = world.clock.now()
    for _ in range(4):
        world.clock.advance(6 * DAY)
        tokens = await _refresh(world, tokens.refresh_token)
    world.clock.set(opened_at + timedelta(days=30, seconds=-300))
    tokens = await _refresh(world, tokens.refresh_token)
    assert (tokens.expires_in, tokens.refresh_expires_in) == (300, 300)
    claims = world.access_tokens.read(tokens.access_token)
    session = world.database.tables.sessions[tokens.session_id]
    assert claims.expires_at <= session.absolute_expires_at == opened_at + timedelta(days=30)
    world.clock.advance(300)
    await _refused(world, RefreshTokenInvalid, tokens.refresh_token)


async def test_a_deleted_user_s_living_session_is_refused() -> None:
    world, tokens = await _logged_in()
    user = world.stored_user(world.database.tables.sessions[tokens.session_id].user_id)
    world.store_user(replace(user, deleted_at=world.clock.now()))
    await _refused(world, RefreshTokenInvalid, tokens.refresh_token)


async def test_a_suspended_user_s_living_session_is_refused_by_name() -> None:
    world, tokens = await _logged_in()
    user = world.stored_user(world.database.tables.sessions[tokens.session_id].user_id)
    world.store_user(replace(user, suspended_at=world.clock.now()))
    await _refused(world, AccountSuspended, tokens.refresh_token)
    world.store_user(user)
    await _refresh(world, tokens.refresh_token)


async def test_short_lives_are_kept_when_the_access_token_outlives_the_idle_time() -> None:
    world = World(
        SessionLifetimes(
            access_token_seconds=900, refresh_idle_seconds=60, refresh_absolute_seconds=120
        )
    )
    await world.register()
    tokens = (await world.login()).tokens
    world.clock.advance(59)
    tokens = await _refresh(world, tokens.refresh_token)
    assert (tokens.expires_in, tokens.refresh_expires_in) == (61, 60)
