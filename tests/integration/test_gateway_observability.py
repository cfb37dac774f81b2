"""What the gateway tells of itself: logs, metrics, traces; and what it keeps to itself."""

import asyncio
from urllib.request import urlopen

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.integration.gateway_stage import Stage, open_stage

TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = 1
ENDPOINT = "http://127.0.0.1:1"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def _provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


async def _metrics(stage: Stage, path: str = "/metrics") -> str:
    url = f"http://127.0.0.1:{stage.gateway.metrics_port}{path}"
    answer = await asyncio.to_thread(lambda: urlopen(url).read())
    text: str = answer.decode()
    return text


@pytest.mark.asyncio
async def test_a_request_is_one_line_without_anything_personal() -> None:
    async with open_stage({"TRUSTED_PROXIES": "127.0.0.0/8"}) as stage:
        headers = {
            "Authorization": "Bearer secret-token",
            "X-Request-Id": "req-1",
            "X-Forwarded-For": "203.0.113.77",
            "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
            "User-Agent": "somebodys-phone",
        }
        await stage.request("GET", "/v1/users?query=person%40example.org", headers=headers)
        await stage.request("GET", "/v1/users/019ac000-0000-7000-8000-000000000000")
        await stage.request("GET", "/person@example.org")
        first, second, third = stage.lines()
        assert first["route"] == "/v1/users"
        assert first["status"] == 200
        assert first["request_id"] == "req-1"
        assert first["trace_id"] == TRACE
        assert first["client_network"] == "203.0.113.0/24"
        assert first["duration_ms"] >= 0
        assert second["route"] == "/v1/users/{user_id}"
        assert (third["route"], third["reason"]) == ("unmatched", "ROUTE_NOT_FOUND")
        everything = repr(stage.log.calls)
        for personal in ("person", "secret-token", "203.0.113.77", "somebodys", "019ac000"):
            assert personal not in everything


@pytest.mark.asyncio
async def test_an_error_that_nobody_expected_is_logged_with_its_place_and_not_its_text() -> None:
    async with open_stage() as stage:
        stage.gateway._readiness._check = None  # type: ignore[assignment]
        answer = await stage.request("GET", "/readyz")
        assert (answer.status, answer.json["reason"]) == (500, "INTERNAL")
        (line,) = stage.lines()
        assert line["level"] == "error"
        assert line["failure"]["type"] == "TypeError"
        assert line["trace_id"] == answer.json["trace_id"]


@pytest.mark.asyncio
async def test_a_request_that_the_parser_refused_is_logged_and_counted() -> None:
    async with open_stage() as stage:
        answer = await stage.send(b"PERSON@EXAMPLE.ORG / HTTP/1.1\r\n\r\n")
        (line,) = stage.lines("unreadable request")
        assert (line["reason"], line["level"]) == ("MALFORMED_REQUEST", "warning")
        assert line["trace_id"] == answer.json["trace_id"]
        assert "PERSON" not in repr(stage.log.calls)
        series = 'pandora_gateway_unreadable_requests_total{reason="MALFORMED_REQUEST"} 1.0'
        assert series in await _metrics(stage)


@pytest.mark.asyncio
async def test_requests_are_counted_by_route_and_timed() -> None:
    async with open_stage() as stage:
        await stage.request("GET", "/v1/users/a")
        await stage.request("GET", "/v1/users/b")
        await stage.request("GET", "/v1/users/missing")
        await stage.request("PROPFIND", "/v1/users/a")
        async with stage.connection() as (_, writer):
            writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
            await stage.core.entered.wait()
            text = await _metrics(stage)
        for line in (
            'requests_total{method="GET",route="/v1/users/{user_id}",status="200"} 2.0',
            'requests_total{method="GET",route="/v1/users/{user_id}",status="404"} 1.0',
            'requests_total{method="OTHER",route="unmatched",status="405"} 1.0',
            'request_duration_seconds_count{method="GET",route="/v1/users/{user_id}"} 3.0',
            "requests_in_flight 1.0",
        ):
            assert f"pandora_gateway_{line}" in text
        assert "process_resident_memory_bytes" in text


@pytest.mark.asyncio
async def test_metrics_are_not_on_the_public_port() -> None:
    async with open_stage() as stage:
        assert (await stage.request("GET", "/metrics")).status == 404


@pytest.mark.asyncio
async def test_the_trace_goes_from_the_client_through_the_gateway_to_the_core(
    exporter: InMemorySpanExporter,
) -> None:
    async with open_stage(provider=_provider(exporter), otlp_endpoint=ENDPOINT) as stage:
        headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        await stage.request("GET", "/v1/users/me", headers=headers)
        spans = {span.kind: span for span in exporter.get_finished_spans()}
        server, client = spans[SpanKind.SERVER], spans[SpanKind.CLIENT]
        assert server.name == "GET /v1/users/{user_id}"
        assert _ids(server)[0] == _ids(client)[0] == TRACE
        assert server.parent is not None
        assert f"{server.parent.span_id:016x}" == "b7ad6b7169203331"
        assert client.parent is not None
        assert f"{client.parent.span_id:016x}" == _ids(server)[1]
        assert stage.core.calls[0].metadata["traceparent"] == f"00-{TRACE}-{_ids(client)[1]}-01"
        assert dict(server.attributes or {}) == {
            "http.request.method": "GET",
            "http.route": "/v1/users/{user_id}",
            "http.response.status_code": 200,
        }


@pytest.mark.asyncio
async def test_a_failed_call_is_an_error_in_the_trace_without_the_cores_text(
    exporter: InMemorySpanExporter,
) -> None:
    async with open_stage(provider=_provider(exporter), otlp_endpoint=ENDPOINT) as stage:
        await stage.request("GET", "/v1/users/broken")
        spans = {span.kind: span for span in exporter.get_finished_spans()}
        server = spans[SpanKind.SERVER]
        assert server.status.status_code is StatusCode.ERROR
        assert server.status.description == "INTERNAL"
        assert server.events == ()


@pytest.mark.asyncio
async def test_without_an_endpoint_nothing_is_sampled_and_trace_ids_are_made_all_the_same() -> None:
    async with open_stage() as stage:
        await stage.request("GET", "/v1/users/a")
        await stage.request("GET", "/v1/users/b")
        parents = [str(call.metadata["traceparent"]).split("-") for call in stage.core.calls]
        assert [int(parent[3], 16) & SAMPLED for parent in parents] == [0, 0]
        assert len({parent[1] for parent in parents} - {"0" * 32}) == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("given", ["", "x", f"00-{'0' * 32}-b7ad6b7169203331-01", "00-é"])
async def test_a_trace_context_that_is_none_starts_a_new_trace(given: str) -> None:
    async with open_stage() as stage:
        await stage.request("GET", "/v1/users/a", headers={"traceparent": given})
        trace = str(stage.core.calls[0].metadata["traceparent"]).split("-")[1]
        assert int(trace, 16) != 0


def _ids(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"
