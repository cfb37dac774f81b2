"""A stream of answers is one JSON text per line, sent as the client reads."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.integration.gateway_stage import LIMIT_SECONDS, PATIENCE_SECONDS, Stage, open_stage

MANY = 100_000


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


def _get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: g\r\n\r\n".encode()


@pytest.mark.asyncio
async def test_each_line_is_the_field_that_the_route_names(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/things:export?count=3")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body.endswith(b"\n")
    assert answer.lines == [{"id": "t", "size": size, "note": ""} for size in range(3)]


@pytest.mark.asyncio
async def test_each_line_is_the_whole_message_without_such_a_field(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/things:watch?count=1")
    assert answer.lines == [{"thing": {"id": "t", "size": 0, "note": ""}, "number": "0"}]


@pytest.mark.asyncio
async def test_a_stream_without_messages_is_an_empty_answer(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/things:export")
    assert (answer.status, answer.body) == (200, b"")
    answer = await stage.request("HEAD", "/v1/things:export?count=3")
    assert answer.status == 200


@pytest.mark.asyncio
async def test_an_error_before_the_first_line_is_a_problem(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/things:export?labels=refused")
    assert (answer.status, answer.json["reason"]) == (403, "PERMISSION_DENIED")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("label", "reason", "status"), [("cut", "SERVER_BUSY", 503), ("broken", "INTERNAL", 500)]
)
async def test_an_error_after_the_first_line_is_the_last_line(
    stage: Stage, label: str, reason: str, status: int
) -> None:
    answer = await stage.request("GET", f"/v1/things:export?count=2&labels={label}")
    *lines, last = answer.lines
    assert answer.status == 200
    assert len(lines) == 2
    assert last.keys() == {"error"}
    assert (last["error"]["reason"], last["error"]["status"]) == (reason, status)
    assert len(last["error"]["trace_id"]) == 32
    assert b"secret" not in answer.body
    assert stage.lines()[-1]["reason"] == reason


@pytest.mark.asyncio
async def test_lines_arrive_as_they_are_made(stage: Stage) -> None:
    async with stage.connection() as (reader, writer):
        writer.write(_get("/v1/things:export?count=1&labels=hanging"))
        await reader.readuntil(b'"size":0')
        await stage.core.entered.wait()
        assert not stage.core.ended.is_set()


@pytest.mark.asyncio
@pytest.mark.parametrize("label", ["hanging", "large"])
async def test_a_client_that_leaves_ends_the_stream_of_the_core(stage: Stage, label: str) -> None:
    async with stage.connection() as (reader, writer):
        count = 1 if label == "hanging" else MANY
        writer.write(_get(f"/v1/things:export?count={count}&labels={label}"))
        await reader.readuntil(b'"size":0')
    await asyncio.wait_for(stage.core.ended.wait(), PATIENCE_SECONDS)
    assert stage.core.produced < MANY


@pytest.mark.asyncio
async def test_a_client_that_does_not_read_holds_the_core_back_and_is_cut_off() -> None:
    settings = {"WRITE_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}
    async with open_stage(settings) as stage, stage.connection() as (reader, writer):
        writer.write(_get(f"/v1/things:export?count={MANY}&labels=large"))
        await reader.readuntil(b'"size":0')
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.wait_for(stage.core.ended.wait(), PATIENCE_SECONDS)
        # Socket buffers and HTTP/2 windows hold some megabytes of the 400 that were asked for.
        assert stage.core.produced < MANY / 10


@pytest.mark.asyncio
async def test_a_stream_has_a_deadline_of_its_own() -> None:
    settings = {
        "STREAM_TIMEOUT_SECONDS": str(LIMIT_SECONDS),
        "REQUEST_TIMEOUT_SECONDS": "0.001",
    }
    async with open_stage(settings) as stage:
        answer = await stage.request("GET", "/v1/things:export?count=1&labels=hanging")
        assert [line.get("error", {}).get("code") for line in answer.lines] == [
            None,
            "DEADLINE_EXCEEDED",
        ]


@pytest.mark.asyncio
async def test_a_traced_stream_behaves_the_same() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with open_stage(provider=provider, otlp_endpoint="http://127.0.0.1:1") as stage:
        answer = await stage.request("GET", "/v1/things:export?count=2&labels=cut")
        assert [sorted(line) for line in answer.lines] == [
            ["id", "note", "size"],
            ["id", "note", "size"],
            ["error"],
        ]
        async with stage.connection() as (reader, writer):
            writer.write(_get("/v1/things:export?count=1&labels=hanging"))
            await reader.readuntil(b'"size":0')
        await asyncio.wait_for(stage.core.ended.wait(), PATIENCE_SECONDS)
