import asyncio

import grpc
import grpc.aio
import pytest
import structlog

from core.domain.errors import DependencyUnavailable, ServerBusy
from pandora.user.v1 import auth_service_pb2
from tests.unit.middleware.door import CALLER_ID, Door, open_door
from tests.unit.middleware.requests import ABOUT_A_USER, OTHERS

pytestmark = pytest.mark.asyncio

GET_JWKS = "AuthService/GetJwks"
FIELDS = {
    "event",
    "log_level",
    "level",
    "method",
    "code",
    "reason",
    "duration_ms",
    "request_id",
    "trace_id",
    "actor_id",
}


async def test_a_call_leaves_one_line_with_what_happened() -> None:
    async with open_door() as door:
        request = ABOUT_A_USER["UserService/GetUser"]("me")
        await door.call(
            "UserService/GetUser", request, token="user", metadata=[("x-request-id", "seven")]
        )

    (line,) = door.log.entries
    assert line.keys() == FIELDS
    assert line["event"] == "call"
    assert line["level"] == "info"
    assert line["method"] == "pandora.user.v1.UserService/GetUser"
    assert (line["code"], line["reason"]) == ("OK", None)
    assert line["request_id"] == "seven"
    assert len(line["trace_id"]) == 32
    assert line["actor_id"] == str(CALLER_ID)
    assert 0 <= line["duration_ms"] < 10_000


async def test_the_metrics_hear_of_the_same_calls() -> None:
    async with open_door() as door:
        await door.call(GET_JWKS)
        await door.refusal("UserService/ListUsers", token="user")
        await door.refusal("UserService/Missing")

    assert [observed[:3] for observed in door.metrics.observed] == [
        ("pandora.user.v1.AuthService/GetJwks", "OK", ""),
        ("pandora.user.v1.UserService/ListUsers", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ("unknown", "UNIMPLEMENTED", ""),
    ]
    assert all(0 <= seconds < 10 for *_, seconds in door.metrics.observed)


async def refuse_with(door: Door, error: Exception) -> None:
    async def refuse(_request: object, _context: object) -> None:
        raise error

    door.behave[GET_JWKS] = refuse
    await door.refusal(GET_JWKS)


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (ServerBusy(), "warning"),
        (DependencyUnavailable("postgres"), "warning"),
        (RuntimeError("boom"), "error"),
    ],
)
async def test_what_an_operator_should_look_at_stands_out(error: Exception, level: str) -> None:
    async with open_door() as door:
        await refuse_with(door, error)

    assert [line["level"] for line in door.log.entries if line["event"] == "call"] == [level]


async def test_no_line_holds_what_a_client_sent_or_who_it_is() -> None:
    async with open_door() as door:
        secrets = {"hunter2-hunter2", "ann@example.org", "Ann Example", "127.0.0.1", "Mozilla"}
        request = auth_service_pb2.RegisterRequest(
            email="ann@example.org", password="hunter2-hunter2", full_name="Ann Example"
        )
        agent = [("user-agent", "Mozilla/5.0"), ("x-client-address", "203.0.113.9")]
        await door.call("AuthService/Register", request, metadata=agent)
        await door.refusal(
            "AuthService/Register", auth_service_pb2.RegisterRequest(password="hunter2-hunter2")
        )
        await door.refusal("UserService/ListUsers", token="secret.access.token")

    text = repr(door.log.entries)
    assert [line["code"] for line in door.log.entries] == [
        "OK",
        "INVALID_ARGUMENT",
        "UNAUTHENTICATED",
    ]
    assert not {secret for secret in secrets | {"secret.access.token"} if secret in text}


async def test_lines_that_a_use_case_writes_carry_the_calls_ids() -> None:
    async with open_door() as door:

        async def look(_request: object, _context: object) -> auth_service_pb2.GetJwksResponse:
            bound.append(dict(structlog.contextvars.get_contextvars()))
            return auth_service_pb2.GetJwksResponse()

        bound: list[dict[str, object]] = []
        door.behave[GET_JWKS] = look
        await door.call(GET_JWKS, metadata=[("x-request-id", "seven")])

    assert bound == [{"request_id": "seven", "trace_id": door.log.entries[0]["trace_id"]}]


async def test_a_client_that_goes_away_is_logged_as_cancelled_and_stops_the_work() -> None:
    async with open_door() as door:
        working, stopped = asyncio.Event(), asyncio.Event()

        async def work(_request: object, _context: object) -> None:
            working.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        door.behave["AuthService/Login"] = work
        stub = door.channel.unary_unary("/pandora.user.v1.AuthService/Login")
        call = stub(OTHERS["AuthService/Login"]().SerializeToString())
        await asyncio.wait_for(working.wait(), 10)
        call.cancel()
        await asyncio.wait_for(stopped.wait(), 10)
        with pytest.raises(asyncio.CancelledError):
            await call
        await door.call(GET_JWKS)

    assert [line["code"] for line in door.log.entries] == ["CANCELLED", "OK"]
    assert grpc.StatusCode.CANCELLED.name == door.metrics.observed[0][1]
