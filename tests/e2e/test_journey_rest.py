"""What a person's whole way through the REST door is answered, and what it leaves behind."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import jwt
import pytest
import pytest_asyncio

from tests.e2e.journey import Journey, walk
from tests.e2e.ledger import events_of, stream_entries
from tests.e2e.rest import CLIENT_ADDRESS, USER_AGENT, Rest
from tests.e2e.service import Service

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def walked() -> list[Journey]:
    """The journey, once it has been made."""
    return []


@pytest_asyncio.fixture
async def journey(rest: Rest, service: Service, walked: list[Journey]) -> Journey:
    """Walk the way before the first test."""
    if not walked:
        walked.append(await walk(rest, service))
    return walked[0]


async def test_every_step_is_answered_as_the_contract_says(journey: Journey) -> None:
    steps = journey.steps
    assert {name: (step.status, step.reason) for name, step in steps.items()} == {
        "register": (201, None),
        "login": (200, None),
        "look": (200, None),
        "refresh": (200, None),
        "refresh again": (200, None),
        "reuse": (401, "REFRESH_TOKEN_REUSED"),
        "look in vain": (401, "SESSION_REVOKED"),
        "refresh in vain": (401, "REFRESH_TOKEN_INVALID"),
        "second login": (200, None),
        "rename": (200, None),
        "verify": (200, None),
        "last refresh": (200, None),
        "delete": (200, None),
        "login in vain": (401, "INVALID_CREDENTIALS"),
    }
    assert all(step.headers["x-request-id"] == step.request_id for step in steps.values())

    registered = steps["register"].json["user"]
    assert registered == steps["look"].json["user"]
    assert uuid.UUID(registered["id"]).version == 7
    assert set(registered) == {
        "id", "email", "full_name", "role", "status", "kyc_status", "email_verified",
        "mfa_enabled", "created_at", "updated_at",
    }  # fmt: skip
    assert registered["email"] == journey.email
    assert (registered["role"], registered["status"]) == ("user", "active")
    assert registered["kyc_status"] == "pending"
    assert steps["rename"].json["user"]["full_name"] == "Ada King-Lovelace"
    assert steps["verify"].json["kyc"]["status"] == "verified"
    deleted = steps["delete"].json["user"]
    assert deleted["status"] == "deleted"
    assert deleted["deleted_at"] == deleted["updated_at"]


async def test_tokens_carry_the_kyc_status_of_their_time(journey: Journey, rest: Rest) -> None:
    document = (await rest.get("/.well-known/jwks.json")).json
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(document).keys}

    def claims(step: str) -> dict[str, Any]:
        token = journey.steps[step].json["access_token"]
        header = jwt.get_unverified_header(token)
        assert header["typ"] == "at+jwt"
        read: dict[str, Any] = jwt.decode(
            token,
            keys[header["kid"]],
            algorithms=["ES256"],
            audience="pandora-exchange",
            issuer="https://user.dev.pandora.exchange",
        )
        return read

    first, last = claims("login"), claims("last refresh")
    assert first["kyc_status"] == "pending"
    assert last["kyc_status"] == "verified"
    assert first["sub"] == last["sub"] == journey.person.id
    assert first["sid"] == journey.person.session_id
    assert last["sid"] == journey.second.session_id
    assert last["exp"] - last["iat"] == journey.steps["last refresh"].json["expires_in"] == 900


async def test_every_change_is_published_once_in_order_in_the_contracts_envelope(
    journey: Journey, service: Service
) -> None:
    envelopes = await events_of(service, journey.person.id)
    me, first, second = journey.person.id, journey.person.session_id, journey.second.session_id

    assert [(each["event_type"], each["trace_id"], each["payload"]) for each in envelopes] == [
        (
            "user.created",
            journey.trace("register"),
            {"user_id": me, "role": "user", "kyc_status": "pending"},
        ),
        ("session.created", journey.trace("login"), {"user_id": me, "session_id": first}),
        (
            "session.revoked",
            journey.trace("reuse"),
            {"user_id": me, "session_id": first, "cause": "refresh_token_reused"},
        ),
        (
            "security.refresh_token_reused",
            journey.trace("reuse"),
            {"user_id": me, "session_id": first},
        ),
        ("session.created", journey.trace("second login"), {"user_id": me, "session_id": second}),
        (
            "user.updated",
            journey.trace("rename"),
            {"user_id": me, "changed_fields": ["full_name"]},
        ),
        (
            "user.kyc_updated",
            journey.trace("verify"),
            {
                "user_id": me,
                "previous_status": "pending",
                "status": "verified",
                "reviewer_id": journey.admin.id,
            },
        ),
        ("user.deleted", journey.trace("delete"), {"user_id": me}),
        (
            "session.revoked",
            journey.trace("delete"),
            {"user_id": me, "session_id": second, "cause": "user_deleted"},
        ),
    ]
    assert all(
        set(each) == {"id", "timestamp", "trace_id", "event_type", "payload"} for each in envelopes
    )
    assert all(uuid.UUID(each["id"]).version == 7 for each in envelopes)
    assert len({each["id"] for each in envelopes}) == len(envelopes)
    assert all(set(entry) == {"event"} for entry in await stream_entries(service))
    _assert_utc_and_rising([each["timestamp"] for each in envelopes], journey)


async def test_every_change_and_every_outcome_is_audited_with_actor_and_trace(
    journey: Journey, rest: Rest
) -> None:
    answer = await rest.get(
        f"/v1/audit-events?user_id={journey.person.id}", token=journey.admin.access_token
    )
    events = answer.json["events"][::-1]
    me, admin = journey.person.id, journey.admin.id
    first, second = journey.person.session_id, journey.second.session_id

    assert [
        (
            event["action"],
            event["outcome"],
            event.get("reason"),
            event.get("actor_id"),
            (event["resource_type"], event["resource_id"]),
            event["trace_id"],
        )
        for event in events
    ] == [
        ("user.register", "success", None, me, ("user", me), journey.trace("register")),
        ("auth.login", "success", None, me, ("session", first), journey.trace("login")),
        ("auth.refresh", "success", None, me, ("session", first), journey.trace("refresh")),
        ("auth.refresh", "success", None, me, ("session", first), journey.trace("refresh again")),
        (
            "auth.refresh",
            "failure",
            "REFRESH_TOKEN_REUSED",
            None,
            ("session", first),
            journey.trace("reuse"),
        ),
        (
            "auth.refresh",
            "failure",
            "REFRESH_TOKEN_INVALID",
            None,
            ("session", first),
            journey.trace("refresh in vain"),
        ),
        ("auth.login", "success", None, me, ("session", second), journey.trace("second login")),
        ("user.update", "success", None, me, ("user", me), journey.trace("rename")),
        ("kyc.update", "success", None, admin, ("kyc", me), journey.trace("verify")),
        ("auth.refresh", "success", None, me, ("session", second), journey.trace("last refresh")),
        ("user.delete", "success", None, me, ("user", me), journey.trace("delete")),
    ]
    names = {step.trace_id: step.request_id for step in journey.steps.values()}
    assert all(event["request_id"] == names[event["trace_id"]] for event in events)
    assert {event["actor_type"] for event in events} == {"user"}
    assert {event["ip_address"] for event in events} == {CLIENT_ADDRESS}
    assert {event["user_agent"] for event in events} == {USER_AGENT}
    assert len({event["hash"] for event in events}) == len(events)
    sequences = [int(event["sequence"]) for event in events]
    assert sequences == sorted(set(sequences))
    _assert_utc_and_rising([event["occurred_at"] for event in events], journey)


async def test_a_login_to_a_deleted_account_is_audited_without_naming_the_account(
    journey: Journey, rest: Rest
) -> None:
    answer = await rest.get(
        "/v1/audit-events?action=auth.login&outcome=failure&page_size=5",
        token=journey.admin.access_token,
    )
    (event,) = (
        event
        for event in answer.json["events"]
        if event["trace_id"] == journey.trace("login in vain")
    )
    assert event["reason"] == "INVALID_CREDENTIALS"
    assert not {"user_id", "actor_id", "resource_id"} & set(event)


def _assert_utc_and_rising(texts: Sequence[str], journey: Journey) -> None:
    assert all(text.endswith("Z") for text in texts)
    times = [datetime.fromisoformat(text) for text in texts]
    assert journey.began_at <= times[0]
    assert times == sorted(times)
    assert times[-1] <= journey.ended_at
