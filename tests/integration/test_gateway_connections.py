"""A connection has limits of time, size and age, and each of its ends is told or harmless."""

import asyncio
import socket

import pytest

from tests.integration.gateway_stage import LIMIT_SECONDS, Answer, Stage, open_stage

GET = b"GET /v1/users/x HTTP/1.1\r\nHost: g\r\n\r\n"
REGISTER = b"POST /v1/auth/register HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
# More than the socket buffers of both ends hold together.
LARGE = 12 * 1024 * 1024


async def _until_lost(stage: Stage) -> None:
    while stage.gateway.connections:  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"])
async def test_a_client_that_does_not_take_its_answer_is_cut_off(ending: bytes) -> None:
    settings = {"WRITE_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}
    async with open_stage(settings) as stage, stage.connection() as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(
            f"GET /v1/users/sized-{LARGE} HTTP/1.1\r\nHost: g\r\n".encode() + ending + b"\r\n"
        )
        await _until_lost(stage)
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(LARGE)


async def test_a_client_that_reads_slowly_but_reads_gets_all_of_it() -> None:
    settings = {"WRITE_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}
    async with open_stage(settings) as stage, stage.connection() as (reader, writer):
        writer.write(f"GET /v1/users/sized-{LARGE} HTTP/1.1\r\nHost: g\r\n\r\n".encode())
        answer = await Answer.read(reader)
        assert len(answer.json["user"]["full_name"]) == LARGE


async def test_the_last_of_a_number_of_requests_is_answered_with_the_end() -> None:
    async with (
        open_stage({"CONNECTION_MAX_REQUESTS": "3"}) as stage,
        stage.connection() as (reader, writer),
    ):
        ends = []
        for _ in range(3):
            writer.write(GET)
            ends.append((await Answer.read(reader)).headers.get("connection"))
        assert ends == [None, None, "close"]
        assert await reader.read() == b""


async def test_an_old_connection_ends_with_its_next_answer() -> None:
    async with (
        open_stage({"CONNECTION_MAX_SECONDS": "0.001"}) as stage,
        stage.connection() as (reader, writer),
    ):
        writer.write(GET)
        answer = await Answer.read(reader)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await reader.read() == b""


@pytest.mark.parametrize(
    ("framing", "broken"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", b"zz\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"-1\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}", b"garbage\r\n"),
    ],
)
async def test_a_body_that_breaks_on_its_way_is_refused_at_once(
    framing: bytes, broken: bytes
) -> None:
    async with open_stage() as stage, stage.connection() as (reader, writer):
        writer.write(REGISTER + b"Expect: 100-continue\r\n" + framing)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(broken)
        async with asyncio.timeout(5):  # the time-out of a body is 10 s
            answer = await Answer.read(reader)
            assert (answer.status, answer.json["reason"]) == (400, "MALFORMED_REQUEST")
            assert answer.headers["connection"] == "close"
            assert await reader.read() == b""
        assert stage.core.calls == []
        assert not stage.lines("event loop")


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "user@host", "a,b", "host:port", "[::1", "h:123456", "h?", "é"]
)
async def test_a_host_that_is_none_is_refused(host: str) -> None:
    async with open_stage() as stage:
        answer = await stage.request("GET", "/v1/users/x", headers={"Host": host})
        assert (answer.status, answer.json["reason"]) == (400, "MALFORMED_REQUEST")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "host", ["example.org", "EXAMPLE.org.", "a_b:8080", "127.0.0.1", "[::1]:8080", "xn--bcher-kva"]
)
async def test_a_host_is_a_name_or_an_address(host: str) -> None:
    async with open_stage() as stage:
        answer = await stage.request("GET", "/v1/users/x", headers={"Host": host})
        assert answer.status == 200


async def test_a_proxy_that_is_trusted_says_whether_its_client_speaks_tls() -> None:
    settings = {"HSTS_MAX_AGE_SECONDS": "60", "TRUSTED_PROXIES": "127.0.0.0/8"}
    async with open_stage(settings) as stage:
        for words, told in (("https", True), ("http", False), ("https, http", False)):
            headers = {"X-Forwarded-Proto": words}
            answer = await stage.request("GET", "/healthz", headers=headers)
            assert ("strict-transport-security" in answer.headers) is told
    async with open_stage({"HSTS_MAX_AGE_SECONDS": "60"}) as stage:
        answer = await stage.request("GET", "/healthz", headers={"X-Forwarded-Proto": "http"})
        assert "strict-transport-security" in answer.headers


async def test_a_connection_that_only_half_closes_is_one_whose_client_has_gone() -> None:
    async with open_stage() as stage, stage.connection() as (reader, writer):
        writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
        await stage.core.entered.wait()
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        assert await reader.read() == b""
        await stage.core.ended.wait()
