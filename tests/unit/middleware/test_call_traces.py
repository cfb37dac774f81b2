from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import NoOpTracer, SpanKind, StatusCode

from core.domain.errors import UserNotFound
from core.middleware.call import Call, current_call
from core.middleware.tracing import Tracing
from pandora.user.v1 import auth_service_pb2
from tests.unit.middleware.door import Door, open_door

pytestmark = pytest.mark.asyncio

NO_CONTEXT: Any = None
GET_JWKS = "AuthService/GetJwks"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def the_span(door: Door) -> ReadableSpan:
    (span,) = door.spans.get_finished_spans()
    return span


async def test_a_call_has_a_span_below_the_clients() -> None:
    async with open_door() as door:
        await door.call(GET_JWKS, metadata=[("traceparent", PARENT), ("tracestate", "a=b")])

    span = the_span(door)
    assert span.name == "pandora.user.v1.AuthService/GetJwks"
    assert span.kind is SpanKind.SERVER
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "00f067aa0ba902b7"
    assert format(span.get_span_context().trace_id, "032x") == TRACE  # type: ignore[union-attr]
    assert span.attributes == {
        "rpc.system": "grpc",
        "rpc.service": "pandora.user.v1.AuthService",
        "rpc.method": "GetJwks",
        "rpc.grpc.status_code": 0,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert door.log.entries[-1]["trace_id"] == TRACE


async def test_the_servicer_works_inside_of_the_span() -> None:
    async with open_door() as door:
        seen: list[str] = []

        async def look(_request: object, _context: object) -> auth_service_pb2.GetJwksResponse:
            context = trace.get_current_span().get_span_context()
            seen.extend((format(context.trace_id, "032x"), current_call().origin.trace_id))
            return auth_service_pb2.GetJwksResponse()

        door.behave[GET_JWKS] = look
        await door.call(GET_JWKS, metadata=[("traceparent", PARENT)])

    assert seen == [TRACE, TRACE]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("traceparent", "nonsense")],
        [("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01")],
    ],
)
async def test_without_a_valid_parent_a_trace_begins_here(headers: list[tuple[str, str]]) -> None:
    async with open_door() as door:
        await door.call(GET_JWKS, metadata=headers)

    assert the_span(door).parent is None
    assert door.log.entries[-1]["trace_id"] != TRACE
    assert len(door.log.entries[-1]["trace_id"]) == 32


async def test_the_span_is_current_no_longer_than_the_call() -> None:
    tracer = TracerProvider().get_tracer("tests")
    call = Call(method="a.B/C", request=None, context=NO_CONTEXT, metadata=())
    seen: list[bool] = []

    async def proceed(_call: Call) -> None:
        seen.append(trace.get_current_span().get_span_context().is_valid)

    await Tracing(tracer)(call, proceed)

    assert seen == [True]
    assert not trace.get_current_span().get_span_context().is_valid


async def test_a_server_that_was_started_within_a_span_is_no_parent() -> None:
    tracer = TracerProvider().get_tracer("start-up")
    with tracer.start_as_current_span("start the server"):
        async with open_door() as door:
            await door.call(GET_JWKS)

    assert the_span(door).parent is None


async def test_a_refusal_that_is_the_clients_fault_is_no_error_of_the_server() -> None:
    async with open_door() as door:

        async def refuse(_request: object, _context: object) -> None:
            raise UserNotFound

        door.behave[GET_JWKS] = refuse
        await door.refusal(GET_JWKS)

    span = the_span(door)
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes is not None
    assert span.attributes["rpc.grpc.status_code"] == grpc.StatusCode.NOT_FOUND.value[0]
    assert span.attributes["error.type"] == "USER_NOT_FOUND"


async def test_an_unforeseen_error_marks_the_span_without_its_text() -> None:
    async with open_door() as door:

        async def fail(_request: object, _context: object) -> None:
            raise RuntimeError("ann@example.org")

        door.behave[GET_JWKS] = fail
        await door.refusal(GET_JWKS)

    span = the_span(door)
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "RuntimeError"
    assert "ann@example.org" not in span.to_json()


async def test_health_checks_leave_no_span() -> None:
    async with open_door() as door:
        await door.refusal("grpc.health.v1.Health/Check")

    assert door.spans.get_finished_spans() == ()


async def test_a_call_has_a_trace_id_even_where_nobody_traces() -> None:
    async with open_door(tracer=NoOpTracer()) as door:
        await door.call(GET_JWKS)

    assert len(door.log.entries[-1]["trace_id"]) == 32


@pytest.mark.parametrize("flags", ["00", "02", "fe"])
async def test_a_trace_that_the_client_does_not_keep_goes_on_and_costs_no_span(flags: str) -> None:
    parent = f"00-{TRACE}-00f067aa0ba902b7-{flags}"
    async with open_door() as door:
        seen: list[trace.SpanContext] = []

        async def look(_request: object, _context: object) -> auth_service_pb2.GetJwksResponse:
            seen.append(trace.get_current_span().get_span_context())
            return auth_service_pb2.GetJwksResponse()

        door.behave[GET_JWKS] = look
        await door.call(GET_JWKS, metadata=[("traceparent", parent)])

    (context,) = seen
    assert (format(context.trace_id, "032x"), context.trace_flags.sampled) == (TRACE, False)
    assert format(context.span_id, "016x") == "00f067aa0ba902b7"
    assert door.log.entries[-1]["trace_id"] == TRACE
    assert door.spans.get_finished_spans() == ()


@pytest.mark.parametrize(
    "headers",
    [
        [("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-00")],
        [("traceparent", f"00-{TRACE}-{'0' * 16}-00")],
        [("traceparent", f"00-{TRACE.upper()}-00f067aa0ba902b7-00")],
        [("traceparent", PARENT[:-2] + "00-more")],
    ],
    ids=["no trace", "no span", "capitals", "more"],
)
async def test_what_is_no_parent_hides_nothing(headers: list[tuple[str, str]]) -> None:
    async with open_door() as door:
        await door.call(GET_JWKS, metadata=headers)

    assert the_span(door).parent is None
