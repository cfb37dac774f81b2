"""A second factor through the doors: enrolled, asked for, completed, removed."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc.aio
import jwt
import pytest

from pandora.user.v1 import mfa_service_pb2, mfa_service_pb2_grpc
from tests.e2e.authenticator import Authenticator
from tests.e2e.grpc_door import open_channel
from tests.e2e.ledger import count, events_of, rows
from tests.e2e.people import PASSWORD, Person, administrator, log_in, new_person, person_of
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service
from tests.unit.middleware.door import Refusal

pytestmark = pytest.mark.asyncio

TOTP = "/v1/users/me/mfa/totp"


async def enroll(rest: Rest, person: Person) -> tuple[Authenticator, list[str], Answer]:
    """Give somebody a second factor."""
    shown = await rest.post(TOTP, {}, token=person.access_token)
    assert shown.status == 200, shown.body
    authenticator = Authenticator(shown.json["secret"])
    confirmed = await rest.post(
        f"{TOTP}:confirm", {"totp_code": await authenticator.code()}, token=person.access_token
    )
    assert confirmed.status == 200, confirmed.body
    return authenticator, confirmed.json["recovery_codes"], shown


async def challenge(rest: Rest, person: Person) -> str:
    answer = await log_in(rest, person.email)
    assert set(answer.json) == {"mfa_challenge"}
    assert answer.json["mfa_challenge"]["expires_in"] == 300
    token: str = answer.json["mfa_challenge"]["challenge_token"]
    return token


async def complete(rest: Rest, token: str, **proof: str) -> Answer:
    return await rest.post("/v1/auth/mfa", {"challenge_token": token, **proof})


def claims(answer: Answer) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(
        answer.json["access_token"], options={"verify_signature": False}
    )
    return read


async def test_from_the_enrolment_to_the_completed_login_and_back(
    rest: Rest, service: Service
) -> None:
    ada = await new_person(rest)
    authenticator, codes, shown = await enroll(rest, ada)
    token = await challenge(rest, ada)
    replayed = await complete(rest, token, totp_code=authenticator.last_code)
    login = await complete(rest, token, totp_code=await authenticator.code())
    again = await complete(rest, token, recovery_code=codes[0])
    person = person_of(login)
    me = await rest.get("/v1/users/me", token=person.access_token)
    body = {"password": PASSWORD, "totp_code": await authenticator.code()}
    removed = await rest.post(f"{TOTP}:disable", body, token=person.access_token)
    plain = await log_in(rest, ada.email)

    assert (replayed.status, replayed.reason) == (401, "MFA_CODE_INVALID")
    assert (login.status, again.status) == (200, 400)
    assert again.reason == "ONE_TIME_TOKEN_INVALID"
    assert me.json["user"]["mfa_enabled"]
    assert claims(login)["amr"] == ["pwd", "otp", "mfa"]
    assert claims(plain)["amr"] == ["pwd"]
    assert (removed.status, removed.json) == (200, {})
    secret = shown.json["secret"]
    assert len(base64.b32decode(secret)) == 20
    assert parse_qs(urlsplit(shown.json["otpauth_uri"]).query)["secret"] == [secret]
    assert len(set(codes)) == 10
    events = [event["event_type"] for event in await events_of(service, ada.id)]
    assert [event for event in events if event.startswith("mfa.")] == [
        "mfa.enabled",
        "mfa.disabled",
    ]
    _assert_audited(service, ada)
    _assert_kept_nowhere(service, [secret, token, *codes])


def _assert_audited(service: Service, ada: Person) -> None:
    actions = rows(
        service,
        "SELECT action, outcome, reason, details::text FROM audit_events"
        " WHERE user_id = %s AND (action LIKE 'mfa.%%' OR action IN ('auth.mfa', 'auth.login'))"
        " ORDER BY sequence",
        ada.id,
    )
    assert [row[:3] for row in actions] == [
        ("auth.login", "success", None),
        ("mfa.enroll", "success", None),
        ("mfa.enable", "success", None),
        ("auth.login", "success", None),
        ("auth.mfa", "failure", "MFA_CODE_INVALID"),
        ("auth.mfa", "success", None),
        ("auth.mfa", "failure", "ONE_TIME_TOKEN_INVALID"),
        ("mfa.disable", "success", None),
        ("auth.login", "success", None),
    ]
    assert '"second_factor": "required"' in actions[3][3]
    assert '"method": "totp"' in actions[5][3]


def _assert_kept_nowhere(service: Service, secrets: list[str]) -> None:
    """Look through every log and every table for what only its owner may see."""
    tables = rows(
        service,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'",
    )
    stored = "".join(
        str(rows(service, f"SELECT t::text FROM {table} AS t"))  # noqa: S608 - names of tables
        for (table,) in tables
    )
    logged = "".join(process.stdout + process.stderr for process in service.processes.values())
    assert "mfa_challenges" in {table for (table,) in tables}
    for secret in secrets:
        assert secret not in stored
        assert secret not in logged


async def test_a_recovery_code_completes_a_login_once(rest: Rest, service: Service) -> None:
    ada = await new_person(rest)
    _, codes, _ = await enroll(rest, ada)
    typed = codes[0].lower().replace("-", " ")
    login = await complete(rest, await challenge(rest, ada), recovery_code=typed)
    again = await complete(rest, await challenge(rest, ada), recovery_code=codes[0])
    unused = count(
        service,
        "SELECT count(*) FROM recovery_codes WHERE user_id = %s AND used_at IS NULL",
        ada.id,
    )

    assert claims(login)["amr"] == ["pwd", "mfa"]
    assert (again.status, again.reason) == (401, "MFA_CODE_INVALID")
    assert unused == 9


async def test_both_doors_ask_for_a_login_of_the_last_ten_minutes(
    rest: Rest, service: Service
) -> None:
    ada, admin = await new_person(rest), await administrator(rest, service)
    _let_pass(service, 599.0, ada, admin)
    recent = await rest.post(TOTP, {}, token=ada.access_token)
    _let_pass(service, 2.0, ada, admin)
    calls = [
        ("POST", TOTP, {}),
        ("POST", f"{TOTP}:confirm", {"totp_code": "123456"}),
        ("POST", f"{TOTP}:disable", {"password": PASSWORD, "totp_code": "123456"}),
        (
            "POST",
            f"/v1/users/{ada.id.upper()}/password",
            {"current_password": PASSWORD, "new_password": "Another-horse-battery-staple"},
        ),
        ("DELETE", "/v1/users/me", None),
    ]
    late = [await rest.call(*call, token=ada.access_token) for call in calls]
    over_grpc = await _enroll_over_grpc(service, ada)
    looked = await rest.get("/v1/users/me", token=ada.access_token)
    own = await rest.call("DELETE", f"/v1/users/{admin.id}", token=admin.access_token)
    somebody = await rest.call("DELETE", f"/v1/users/{ada.id}", token=admin.access_token)

    assert recent.status == 200
    assert {(answer.status, answer.reason) for answer in late} == {
        (403, "RECENT_AUTHENTICATION_REQUIRED")
    }
    assert over_grpc.code is grpc.StatusCode.PERMISSION_DENIED
    assert over_grpc.reason == "RECENT_AUTHENTICATION_REQUIRED"
    assert looked.status == 200
    assert (own.status, own.reason) == (403, "RECENT_AUTHENTICATION_REQUIRED")
    assert somebody.status == 200


def _let_pass(service: Service, seconds: float, *people: Person) -> None:
    """Make sessions so much older."""
    for person in people:
        (moved,) = rows(
            service,
            "UPDATE sessions SET created_at = created_at - make_interval(secs => %s)"
            " WHERE id = %s RETURNING 1",
            seconds,
            person.session_id,
        )
        assert moved == (1,)


async def _enroll_over_grpc(service: Service, person: Person) -> Refusal:
    async with open_channel(service.site) as channel:
        stub = mfa_service_pb2_grpc.MfaServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stub.EnrollTotp(
                mfa_service_pb2.EnrollTotpRequest(user_id="me"),
                metadata=(("authorization", f"Bearer {person.access_token}"),),
            )
    return Refusal.of(refusal.value)
