"""The generators against real servers: what they count as an error, and how they keep a chain.

They are Debian packages, so `make bench-check` runs this and `make test` does not.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bench.errors import BenchError
from bench.loads import h2load, wrk
from bench.loads.h2load import GrpcCall
from bench.loads.wrk import RestRequest
from tests.bench.grpc_errors import ANSWER, PATH, failing_server

CONNECTIONS = 4


def call(address: str, *, path: str = PATH) -> GrpcCall:
    return GrpcCall(address=address, path=path, message=b"me", answer_bytes=len(ANSWER))


async def test_a_grpc_error_is_an_error_although_its_http_status_is_200(tmp_path: Path) -> None:
    async with failing_server(every=10) as (address, counted):
        sample = await asyncio.to_thread(
            h2load.call_again, tmp_path, [call(address)] * 2, connections=CONNECTIONS, seconds=1
        )
    calls, failed = counted
    assert sample.errors > 0
    # Those that were under way when h2load stopped are the server's alone.
    assert failed - CONNECTIONS <= sample.errors <= failed
    assert calls - CONNECTIONS <= sample.requests + sample.errors <= calls


async def test_where_nothing_fails_no_error_is_counted(tmp_path: Path) -> None:
    async with failing_server(every=10**9) as (address, _):
        sample = await asyncio.to_thread(
            h2load.call_again, tmp_path, [call(address)], connections=CONNECTIONS, seconds=1
        )
    assert sample.errors == 0
    assert sample.requests > 0
    assert 0 < sample.p50_ms <= sample.p99_ms <= sample.p999_ms


async def test_an_rpc_that_nobody_serves_is_nothing_but_errors(tmp_path: Path) -> None:
    async with failing_server(every=10**9) as (address, _):
        asked = [call(address, path="/bench.Test/Other")]
        sample = await asyncio.to_thread(
            h2load.call_again, tmp_path, asked, connections=CONNECTIONS, seconds=1
        )
    assert sample.requests == 0
    assert sample.errors > 0


async def test_calls_at_a_rate_come_at_that_rate(tmp_path: Path) -> None:
    async with failing_server(every=10**9) as (address, counted):
        sample = await asyncio.to_thread(
            h2load.call_again,
            tmp_path,
            [call(address)] * 2,
            connections=2,
            seconds=2,
            streams=100,
            per_second=100,
        )
    assert sample.errors == 0
    # 100 a second for two seconds, however fast or slow they were answered.
    assert counted[0] <= 2 * 100 + 10


@asynccontextmanager
async def rest_server() -> AsyncIterator[tuple[str, dict[str, int]]]:
    """Serve refreshes that take each token once, and answers that are refused now and then."""
    valid: set[str] = {"first-0", "first-1", "first-2", "first-3", "first-4", "first-5"}
    counted = {"refreshed": 0, "replayed": 0, "asked": 0, "refused": 0, "tokens": 0}

    async def refresh(request: web.Request) -> web.Response:
        presented = (await request.json())["refresh_token"]
        if presented not in valid:
            counted["replayed"] += 1
            return web.json_response({"code": "UNAUTHENTICATED"}, status=401)
        valid.remove(presented)
        following = secrets.token_urlsafe(12)
        valid.add(following)
        counted["refreshed"] += 1
        return web.json_response({"access_token": "x", "refresh_token": following})

    async def read(request: web.Request) -> web.Response:
        counted["asked"] += 1
        counted["tokens"] += request.headers.get("authorization") == "Bearer secret"
        if counted["asked"] % 5 == 0:
            counted["refused"] += 1
            return web.Response(status=503)
        return web.Response(text="good")

    application = web.Application()
    application.add_routes([web.post("/v1/auth/refresh", refresh), web.get("/read", read)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}", counted
    finally:
        await runner.cleanup()


async def test_every_refresh_presents_the_newest_token_of_its_session(tmp_path: Path) -> None:
    async with rest_server() as (url, counted):
        tokens = [f"first-{number}" for number in range(6)]
        sample = await asyncio.to_thread(
            wrk.exchange, tmp_path, url, tokens, connections=CONNECTIONS, seconds=1
        )
    assert counted["replayed"] == 0
    assert sample.errors == 0
    assert sample.requests > len(tokens)
    assert counted["refreshed"] - CONNECTIONS <= sample.requests <= counted["refreshed"]


async def test_a_token_that_is_refused_is_an_error(tmp_path: Path) -> None:
    async with rest_server() as (url, counted):
        tokens = ["forged", *(f"first-{number}" for number in range(6))]
        sample = await asyncio.to_thread(
            wrk.exchange, tmp_path, url, tokens, connections=CONNECTIONS, seconds=1
        )
    assert counted["replayed"] <= 1  # wrk may ask its script once without sending
    assert sample.errors == counted["replayed"]


async def test_too_few_tokens_for_the_connections_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="2 tokens for 4 connections"):
        wrk.exchange(tmp_path, "http://127.0.0.1:1", ["a", "b"], connections=4, seconds=1)


async def test_an_answer_that_is_refused_is_an_error_and_no_request(tmp_path: Path) -> None:
    async with rest_server() as (url, counted):
        asked = [RestRequest(method="GET", path="/read", token="secret")]
        sample = await asyncio.to_thread(
            wrk.rotate, tmp_path, url, asked, connections=CONNECTIONS, seconds=1
        )
    assert counted["tokens"] == counted["asked"]
    assert counted["refused"] - CONNECTIONS <= sample.errors <= counted["refused"]
    assert sample.requests + sample.errors <= counted["asked"]
    assert sample.requests > 3 * sample.errors
