"""Log lines are JSON, and an exception's text, which may repeat what a client sent, stays out."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest

from gateway.observability.logging import configure, where


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def _fail() -> None:
    raise ValueError("person@example.org")


def _caught() -> ValueError:
    try:
        _fail()
    except ValueError as error:
        return error
    raise AssertionError


def test_the_gateways_own_lines_are_json(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure("info", "dev", stream).info("request", status=200)
    line = json.loads(stream.getvalue())
    assert root_logger.handlers
    assert (line["event"], line["status"], line["level"]) == ("request", 200, "info")
    assert (line["service"], line["environment"]) == ("gateway", "dev")
    assert line["timestamp"].endswith("Z")


@pytest.mark.usefixtures("root_logger")
async def test_lines_of_one_turn_of_the_loop_are_written_together_and_trouble_at_once() -> None:
    stream = io.StringIO()
    log = configure("info", "dev", stream)

    def events() -> list[str]:
        return [json.loads(line)["event"] for line in stream.getvalue().splitlines()]

    log.info("first")
    log.info("second")
    assert events() == []
    await asyncio.sleep(0)
    assert events() == ["first", "second"]
    log.info("third")
    log.error("fourth")
    assert events() == ["first", "second", "third", "fourth"]
    log.info("fifth")
    await asyncio.sleep(0)
    assert events()[4:] == ["fifth"]


def test_lines_below_the_level_are_not_written(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure("error", "dev", stream).info("request")
    assert stream.getvalue() == ""
    assert root_logger.level == logging.ERROR


def test_a_librarys_line_is_json_without_arguments_and_exception_text(
    root_logger: logging.Logger,
) -> None:
    stream = io.StringIO()
    configure("info", "dev", stream)
    error = _caught()
    root_logger.getChild("library").error("failed for %s", "person@example.org", exc_info=error)
    line = json.loads(stream.getvalue())
    assert line["event"] == "failed for %s"
    assert line["failure"]["type"] == "ValueError"
    assert "person" not in stream.getvalue()


def test_an_exception_is_told_by_type_and_place() -> None:
    told = where(_caught())
    frames = told["frames"]
    assert told["type"] == "ValueError"
    assert isinstance(frames, list)
    assert frames[-1].endswith(" _fail")
