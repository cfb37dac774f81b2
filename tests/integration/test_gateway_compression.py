"""Answers are compressed where it pays and does no harm."""

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.gateway_stage import Stage, open_stage

GZIP = {"Accept-Encoding": "gzip, deflate"}


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest.mark.asyncio
async def test_a_large_answer_is_compressed_for_those_who_ask(stage: Stage) -> None:
    plain = await stage.request("GET", "/v1/users/sized-5000")
    small = await stage.request("GET", "/v1/users/sized-5000", headers=GZIP)
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert len(small.body) < len(plain.body) / 10
    assert gzip.decompress(small.body) == plain.body
    assert plain.headers["vary"] == small.headers["vary"] == "Accept-Encoding"
    head = await stage.request("HEAD", "/v1/users/sized-5000", headers=GZIP)
    assert head.headers["content-length"] == str(len(small.body))
    assert head.headers["content-encoding"] == "gzip"


@pytest.mark.asyncio
async def test_a_small_answer_and_a_problem_are_sent_as_they_are(stage: Stage) -> None:
    for target in ("/v1/users/me", "/v1/users/missing", "/nowhere", "/healthz"):
        answer = await stage.request("GET", target, headers=GZIP)
        assert "content-encoding" not in answer.headers


@pytest.mark.asyncio
async def test_what_has_side_effects_may_answer_secrets_and_is_never_compressed(
    stage: Stage,
) -> None:
    body = '{"email": "%s", "password": "x"}' % ("a" * 5000)
    answer = await stage.request("POST", "/v1/auth/register", body, GZIP)
    assert answer.status == 201
    assert len(answer.body) > 5000
    assert "content-encoding" not in answer.headers
    assert "vary" not in answer.headers


@pytest.mark.asyncio
async def test_compression_can_be_turned_off() -> None:
    async with open_stage({"COMPRESSION_MIN_BYTES": "0"}) as stage:
        for target in ("/v1/users/sized-5000", "/v1/things:export?count=3"):
            answer = await stage.request("GET", target, headers=GZIP)
            assert "content-encoding" not in answer.headers


@pytest.mark.asyncio
async def test_the_lines_of_a_stream_can_be_read_as_they_arrive(stage: Stage) -> None:
    head = b"GET /v1/things:export?count=1&labels=hanging HTTP/1.1\r\nHost: g\r\n"
    async with stage.connection() as (reader, writer):
        writer.write(head + b"Accept-Encoding: gzip\r\n\r\n")
        assert b"Content-Encoding: gzip" in await reader.readuntil(b"\r\n\r\n")
        first = await reader.readexactly(int(await reader.readuntil(b"\r\n"), 16))
        lines = zlib.decompressobj(wbits=31)
        assert lines.decompress(first) == b'{"id":"t","size":0,"note":""}\n'
        await stage.core.entered.wait()
        stage.core.release.set()
        await reader.readuntil(b"\r\n")
        rest = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            rest += await reader.readexactly(size)
            await reader.readexactly(2)
        assert lines.decompress(rest) == b""
        assert lines.eof


@pytest.mark.asyncio
async def test_an_error_in_the_middle_of_a_compressed_stream_is_its_last_line(
    stage: Stage,
) -> None:
    answer = await stage.request("GET", "/v1/things:export?count=2&labels=cut", headers=GZIP)
    lines = gzip.decompress(answer.body).splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith(b'{"error":')
    head = await stage.request("HEAD", "/v1/things:export?count=2", headers=GZIP)
    assert head.headers["content-encoding"] == "gzip"
