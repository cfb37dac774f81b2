"""The short way of a line into the log: another way, the same line."""

import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from structlog.typing import FilteringBoundLogger

from core.observability.direct_log import DirectLogger, direct_logger
from core.observability.logging import start_logs

NAME = "core.calls"
Say = Callable[[DirectLogger | FilteringBoundLogger], object]


@contextmanager
def logging_to(stream: io.BytesIO, level: str) -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    logs = start_logs(level=level, stream=stream)
    try:
        yield
    finally:
        logs.close()
        root.setLevel(before)
        structlog.contextvars.clear_contextvars()


def both_ways(say: Say, level: str = "info") -> tuple[list[Mapping[str, object]], ...]:
    """Return the lines by the short way, and those by the long one; times differ, and are left."""
    ways = []
    for logger in (direct_logger, structlog.get_logger):
        stream = io.BytesIO()
        with logging_to(stream, level):
            say(logger(NAME))
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert all(str(line.pop("timestamp")).endswith("Z") for line in lines)
        ways.append(lines)
    return tuple(ways)


def refuse() -> None:
    raise ValueError("Ada Lovelace <ada@example.org> may not")


def fail(log: DirectLogger | FilteringBoundLogger) -> None:
    try:
        refuse()
    except ValueError as error:
        # As the pipeline does it, where the exception has come from elsewhere.
        log.error("call.failed", method="m", exc_info=error)  # noqa: TRY400


def within_a_call(log: DirectLogger | FilteringBoundLogger) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1", trace_id="t-1")
    log.info("call", method="m")
    structlog.contextvars.clear_contextvars()


def within_a_span(log: DirectLogger | FilteringBoundLogger) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("work"):
        log.warning("call", method="m")


@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.info("call", method="a.B/C", seconds=0.25, code="OK", reason=None),
        lambda log: log.info("call", token="prt_abc", email="ada@example.org", full_name="Ada"),
        lambda log: log.info("call", client="203.0.113.77", text="two\nlines \ud800 \x00"),
        lambda log: log.info("call", nested={"password": "x", "list": [1, object]}, raw=b"123"),
        fail,
        within_a_call,
    ],
    ids=["plain", "secrets", "texts", "structures", "an exception", "a call's own context"],
)
def test_a_line_is_the_same_by_either_way(say: Say) -> None:
    direct, usual = both_ways(say)
    assert len(direct) == 1
    assert direct == usual


def test_the_span_at_work_is_named() -> None:
    ((direct,), (usual,)) = both_ways(within_a_span)
    assert set(direct) == set(usual)
    assert len(str(direct["trace_id"])) == 32


def test_nothing_personal_in_an_exception_comes_out() -> None:
    direct, _ = both_ways(fail)
    assert "ada@example.org" not in json.dumps(direct)
    assert "Traceback" in str(direct[0]["exception"])


def test_the_level_is_obeyed() -> None:
    def say(log: DirectLogger | FilteringBoundLogger) -> None:
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d")

    direct, usual = both_ways(say, level="warning")
    assert [line["event"] for line in direct] == ["c", "d"]
    assert direct == usual


def test_without_a_log_that_was_started_the_usual_logger_is_given() -> None:
    with structlog.testing.capture_logs() as lines:
        direct_logger(NAME).info("call", method="m")
    assert [line["event"] for line in lines] == ["call"]
