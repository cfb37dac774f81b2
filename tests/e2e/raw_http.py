"""Bytes to a server and answers back, as they are on the wire; nothing here knows better."""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

PATIENCE_SECONDS: Final = 15.0
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """One answer, and the bytes that it was."""

    version: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    raw: bytes = field(repr=False)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection that gives up after the test's patience, and ends with a reset."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        yield connection


def send(connection: socket.socket, parts: Sequence[bytes], *, pause_seconds: float = 0.0) -> None:
    """Send parts one after another, and stop where the server has had enough."""
    for number, part in enumerate(parts):
        if number and pause_seconds:
            time.sleep(pause_seconds)
        try:
            connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            return


def read_to_the_end(connection: socket.socket) -> bytes:
    """Read until the server ends the connection, in whatever way."""
    received = bytearray()
    try:
        while part := connection.recv(_CHUNK):
            received += part
    except ConnectionResetError:
        pass
    return bytes(received)


def answers_in(received: bytes) -> list[RawAnswer]:
    """Split what was received into whole answers; raises ValueError for anything beside them."""
    answers = []
    while received:
        answer, received = _first(received)
        if answer.status != 100:
            answers.append(answer)
    return answers


def _first(received: bytes) -> tuple[RawAnswer, bytes]:
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        raise ValueError(f"no head of an answer: {received[:200]!r}")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() in headers:
            raise ValueError(f"{name} stands twice")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    if len(rest) < length:
        raise ValueError("the body is cut off")
    raw = head + separator + rest[:length]
    answer = RawAnswer(
        version=version, status=int(status), headers=headers, body=rest[:length], raw=raw
    )
    return answer, rest[length:]
