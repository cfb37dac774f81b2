"""Traces tell of what is asked of Redis, and not of whom it is about."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from core.domain.errors import DependencyUnavailable
from core.redis.tracing import ScriptSpans


def traced(sampler: Sampler) -> tuple[trace.Tracer, InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider(sampler=sampler)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("test"), exporter


def test_a_script_is_a_span_below_the_callers() -> None:
    tracer, exporter = traced(ALWAYS_ON)
    with tracer.start_as_current_span("call"), ScriptSpans(tracer).around("take_rate"):
        pass
    script, call = exporter.get_finished_spans()
    assert (script.name, script.kind) == ("take_rate", trace.SpanKind.CLIENT)
    assert dict(script.attributes or {}) == {
        "db.system.name": "redis",
        "db.operation.name": "take_rate",
    }
    assert script.parent is not None
    assert script.parent.span_id == call.context.span_id


def test_a_failure_is_told_by_its_kind_alone() -> None:
    tracer, exporter = traced(ALWAYS_ON)
    with (
        tracer.start_as_current_span("call"),
        pytest.raises(DependencyUnavailable),
        ScriptSpans(tracer).around("take_rate"),
    ):
        raise DependencyUnavailable("redis", detail="203.0.113.7 is away")
    script, *_ = exporter.get_finished_spans()
    assert not script.status.is_ok
    assert (script.attributes or {})["error.type"] == "DependencyUnavailable"
    assert not script.events


@pytest.mark.parametrize("is_called", [True, False])
def test_without_a_sampled_trace_there_is_no_span(*, is_called: bool) -> None:
    tracer, exporter = traced(ALWAYS_OFF if is_called else ALWAYS_ON)
    if is_called:
        with tracer.start_as_current_span("call"), ScriptSpans(tracer).around("take_rate"):
            pass
    else:
        with ScriptSpans(tracer).around("take_rate"):
            pass
    assert not exporter.get_finished_spans()
