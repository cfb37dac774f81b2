"""What clients see when the core refuses, is slow, breaks or is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2

from tests.integration.gateway_core import serve_core
from tests.integration.gateway_stage import (
    LIMIT_SECONDS,
    PATIENCE_SECONDS,
    Answer,
    Stage,
    open_stage,
)


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


async def _eventually(answered: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await answered():  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_refusal_of_the_core_becomes_its_problem(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/users/missing")
    problem = answer.json
    assert answer.status == 404
    assert (problem["code"], problem["reason"]) == ("NOT_FOUND", "USER_NOT_FOUND")
    assert problem["detail"] == "USER_NOT_FOUND, says the core"
    trace = str(stage.core.calls[0].metadata["traceparent"]).split("-")[1]
    assert problem["trace_id"] == trace


@pytest.mark.asyncio
async def test_a_throttled_call_says_when_to_come_back(stage: Stage) -> None:
    answer = await stage.request("POST", "/v1/auth/login", '{"email": "a", "password": "b"}')
    assert (answer.status, answer.json["reason"]) == (429, "LOGIN_THROTTLED")
    assert answer.headers["retry-after"] == "30"


@pytest.mark.asyncio
async def test_a_missing_token_is_asked_for(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/users/tokenless")
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="pandora"'


@pytest.mark.asyncio
async def test_a_broken_core_says_internal_and_nothing_else(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/users/broken")
    assert (answer.status, answer.json["reason"]) == (500, "INTERNAL")
    assert b"secret" not in answer.body


@pytest.mark.asyncio
async def test_a_call_that_the_core_does_not_know_is_unimplemented(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/kyc/reviews")
    assert (answer.status, answer.json["code"]) == (501, "UNIMPLEMENTED")


@pytest.mark.asyncio
async def test_a_slow_core_ends_in_504() -> None:
    async with open_stage({"REQUEST_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}) as stage:
        answer = await stage.request("GET", "/v1/users/hanging")
        assert (answer.status, answer.json["code"]) == (504, "DEADLINE_EXCEEDED")
        assert "retry-after" not in answer.headers
        await asyncio.wait_for(stage.core.ended.wait(), PATIENCE_SECONDS)


@pytest.mark.asyncio
async def test_a_client_that_leaves_ends_the_call_of_the_core(stage: Stage) -> None:
    async with stage.connection() as (_, writer):
        writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
        await stage.core.entered.wait()
    await asyncio.wait_for(stage.core.ended.wait(), PATIENCE_SECONDS)

    async def logged() -> bool:
        return [line["status"] for line in stage.lines()] == [499]

    await _eventually(logged)


@pytest.mark.asyncio
async def test_a_core_that_is_gone_is_503_at_once_and_one_that_returns_serves_again(
    stage: Stage,
) -> None:
    assert (await stage.request("GET", "/v1/users/x")).status == 200
    await stage.server.stop(None)
    # Not 504: nobody has waited for the end of the request's time.
    answer = await stage.request("GET", "/v1/users/x")
    problem = answer.json
    assert (answer.status, problem["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert problem["code"] == "UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
    assert "127.0.0.1" not in problem["detail"]

    stage.server, _, _ = await serve_core(stage.core, stage.core_port)

    async def served() -> bool:
        return (await stage.request("GET", "/v1/users/x")).status == 200

    await _eventually(served)


@pytest.mark.asyncio
async def test_a_gateway_that_starts_before_its_core_is_alive_but_not_ready() -> None:
    async with open_stage({"CORE_ADDRESS": "127.0.0.1:1"}) as stage:
        assert (await stage.request("GET", "/healthz")).status == 200
        for target in ("/readyz", "/v1/users/x"):
            answer = await stage.request("GET", target)
            assert (answer.status, answer.json["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")


@pytest.mark.asyncio
async def test_readiness_is_that_of_the_core(stage: Stage) -> None:
    answer = await stage.request("GET", "/readyz")
    assert (answer.status, answer.json) == (200, {"status": "ready"})
    await stage.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    answer = await stage.request("GET", "/readyz")
    assert (answer.status, answer.json["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    await stage.health.set("", health_pb2.HealthCheckResponse.SERVING)
    assert (await stage.request("GET", "/readyz")).status == 200
    assert (await stage.request("GET", "/healthz")).json == {"status": "alive"}


@pytest.mark.asyncio
async def test_a_request_in_flight_is_answered_while_the_gateway_drains(stage: Stage) -> None:
    async with stage.connection() as (reader, writer), stage.connection() as (idle, _):
        writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
        await stage.core.entered.wait()
        stopping = asyncio.create_task(stage.gateway.stop())
        assert await idle.read() == b""
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system says of a closed port
            await asyncio.open_connection("127.0.0.1", _port_of(writer))
        stage.core.release.set()
        answer = await Answer.read(reader)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        await stopping


def _port_of(writer: asyncio.StreamWriter) -> int:
    port: int = writer.get_extra_info("peername")[1]
    return port


@pytest.mark.asyncio
async def test_draining_does_not_wait_longer_than_its_time_out() -> None:
    settings = {"DRAIN_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}
    async with open_stage(settings) as stage, stage.connection() as (reader, writer):
        writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
        await stage.core.entered.wait()
        # The call hangs for ever: without the bound this would last until the test's patience ends.
        await stage.gateway.stop()
        assert await reader.read() == b""
        await asyncio.wait_for(stage.core.ended.wait(), PATIENCE_SECONDS)
