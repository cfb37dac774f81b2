"""Every log of the process is one redacted JSON object a line."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import structlog
from opentelemetry.sdk.trace import TracerProvider

from core.observability.line_writer import LineWriter
from core.observability.logging import start_logs

DEADLINE_SECONDS = 20.0


class Log:
    """What was logged while a test ran."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()

    @property
    def lines(self) -> list[Mapping[str, object]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@contextmanager
def logging_to(log: Log, level: str = "info") -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    logs = start_logs(level=level, stream=log.stream)
    try:
        yield
    finally:
        logs.close()
        root.setLevel(before)
        structlog.contextvars.clear_contextvars()


def logged(do: Callable[[], object], level: str = "info") -> list[Mapping[str, object]]:
    log = Log()
    with logging_to(log, level):
        do()
    return log.lines


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("library", logging.ERROR, __file__, 1, message, args, None)


def test_a_line_says_when_what_and_how_bad() -> None:
    (line,) = logged(lambda: structlog.get_logger("core.test").info("hello", count=3))
    assert {key: line[key] for key in ("event", "level", "logger", "count")} == {
        "event": "hello",
        "level": "info",
        "logger": "core.test",
        "count": 3,
    }
    assert str(line["timestamp"]).endswith("Z")
    assert datetime.fromisoformat(str(line["timestamp"])).tzinfo is not None


def test_a_line_carries_what_is_bound_to_the_request() -> None:
    def do() -> None:
        structlog.contextvars.bind_contextvars(request_id="r-1", trace_id="0af7")
        structlog.get_logger().info("ours")
        logging.getLogger("library").warning("theirs")

    for line in logged(do):
        assert (line["request_id"], line["trace_id"]) == ("r-1", "0af7")


def test_requests_that_run_at_once_do_not_mix() -> None:
    async def request(number: int) -> None:
        structlog.contextvars.bind_contextvars(request_id=number)
        await asyncio.sleep(0)
        structlog.get_logger().info("served", number=number)

    async def serve() -> None:
        await asyncio.gather(*(request(number) for number in range(10)))

    lines = logged(lambda: asyncio.run(serve()))
    assert len(lines) == 10
    assert all(line["request_id"] == line["number"] for line in lines)


def test_without_a_bound_trace_the_span_at_work_is_named() -> None:
    def do() -> None:
        with TracerProvider().get_tracer("test").start_as_current_span("work"):
            structlog.get_logger().info("hello")

    (line,) = logged(do)
    assert len(str(line["trace_id"])) == 32
    assert len(str(line["span_id"])) == 16


def test_libraries_come_out_like_ours() -> None:
    def do() -> None:
        logger = logging.getLogger("grpc._cython.cygrpc")
        logger.error("call of %s failed", "ada@example.com", extra={"password": "hunter2"})

    (line,) = logged(do)
    assert line["event"] == "call of [redacted] failed"
    assert line["password"] == "[redacted]"
    assert (line["level"], line["logger"]) == ("error", "grpc._cython.cygrpc")


def _refuse() -> None:
    raise ValueError("Key (email)=(ada@example.com) exists, from 203.0.113.7")


def test_an_exception_is_told_without_what_it_quotes() -> None:
    def do() -> None:
        try:
            _refuse()
        except ValueError:
            structlog.get_logger().exception("failed", token="prt_abc")
            logging.getLogger("psycopg").exception("failed too")

    lines = logged(do)
    assert len(lines) == 2
    for line in lines:
        text = str(line["exception"])
        assert text.startswith("Traceback (most recent call last):")
        assert "Key (email)=([redacted]) exists, from 203.0.113.x" in text
        assert "ada@example.com" not in json.dumps(line)


def test_warnings_are_logged() -> None:
    def do() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("ada@example.com is old", stacklevel=1)

    (line,) = logged(do)
    assert line["level"] == "warning"
    assert "[redacted] is old" in str(line["event"])


def test_what_a_thread_does_not_catch_is_logged() -> None:
    def fail() -> None:
        raise RuntimeError("ada@example.com")

    def do() -> None:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    (line,) = logged(do)
    assert (line["event"], line["level"]) == ("uncaught_exception", "critical")
    assert "RuntimeError: [redacted]" in str(line["exception"])


def test_the_level_is_obeyed_by_everyone() -> None:
    def do() -> None:
        structlog.get_logger().info("ours")
        logging.getLogger("library").info("theirs")
        structlog.get_logger().warning("bad")

    assert [line["event"] for line in logged(do, "warning")] == ["bad"]
    assert [line["event"] for line in logged(do, "debug")] == ["ours", "theirs", "bad"]


def test_chatter_of_libraries_is_left_out_and_their_warnings_are_not() -> None:
    def do() -> None:
        logging.getLogger("urllib3.connectionpool").info("starting connection")
        logging.getLogger("urllib3.connectionpool").warning("retrying")

    assert [line["event"] for line in logged(do)] == ["retrying"]


def test_a_line_that_nobody_can_format_says_so_and_quotes_nothing() -> None:
    stream = io.BytesIO()
    writer = LineWriter(stream)
    writer.handle(record("%d", "ada@example.com"))
    writer.close()
    assert json.loads(stream.getvalue()) == {
        "event": "unreadable_log_record",
        "logger": "library",
        "cause": "TypeError",
        "level": "error",
    }


def test_line_breaks_forge_no_line() -> None:
    (line,) = logged(
        lambda: structlog.get_logger().info('a\n{"event":"forged"}', agent='x"}\r\n\u2028{')
    )
    assert line["event"] == 'a\n{"event":"forged"}'


def test_any_text_can_be_logged() -> None:
    (line,) = logged(lambda: structlog.get_logger().info("\ud800 \x00 用户", name="\udfff"))
    assert line["event"] == "\ud800 \x00 用户"


class _StuckStream(io.BytesIO):
    """Takes nothing until it is let go, like a pipe that nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.opened = threading.Event()

    def write(self, data: object) -> int:
        self.entered.set()
        assert self.opened.wait(DEADLINE_SECONDS)
        return super().write(data)  # type: ignore[arg-type]


def test_a_reader_that_has_stopped_stops_nobody_and_costs_bounded_memory() -> None:
    stream = _StuckStream()
    writer = LineWriter(stream, capacity=10)
    writer.handle(record("first"))
    assert stream.entered.wait(DEADLINE_SECONDS)
    began = time.monotonic()
    for _ in range(1000):
        writer.handle(record("line"))
    assert time.monotonic() - began < DEADLINE_SECONDS
    assert writer.dropped == 990
    stream.opened.set()
    writer.close()
    assert len(stream.getvalue().splitlines()) == 11


def test_a_reader_that_has_gone_stops_nobody() -> None:
    stream = io.BytesIO()
    stream.close()
    writer = LineWriter(stream)
    writer.handle(record("line"))
    writer.close()
    assert writer.dropped >= 1


PROGRAM = """
import logging, structlog
from core.observability.logging import start_logs
start_logs(level="info")
structlog.get_logger("core").info("first")
logging.getLogger("library").warning("second")
raise RuntimeError("the end of ada@example.com")
"""


def test_a_process_that_dies_of_an_exception_leaves_its_last_words_and_only_json() -> None:
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, timeout=60, check=False
    )
    assert process.returncode == 1
    assert process.stderr == b""
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["first", "second", "uncaught_exception"]
    assert b"ada@" not in process.stdout
