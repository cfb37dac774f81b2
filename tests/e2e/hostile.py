"""The form of the table of hostile requests, and how its rows are made."""

from dataclasses import dataclass
from typing import Final

MARKER: Final = "m4rk3r"
"""Stands in every request, and in no refusal."""

LOGIN: Final = "/v1/auth/login"
ME: Final = "/v1/users/me"
JSON: Final = "Content-Type: application/json"
CHUNKED: Final = "Transfer-Encoding: chunked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is sent, and the statuses and reasons of the answers until the connection ends.

    No answers: nothing that could be read as a request has arrived, and the connection ends.
    """

    name: str
    parts: tuple[bytes, ...]
    answers: tuple[tuple[int, str], ...]
    half_closes: bool = False
    pause_seconds: float = 0.0
    """Between the parts."""
    is_slow: bool = False
    """Whether its end is that of a time limit."""


def head(
    method: str, target: str, *headers: str, host: str = "Host: g", version: str = "1.1"
) -> bytes:
    """A request's head, in Latin-1, with the marker; it ends its connection."""
    first = f"{method} {target} HTTP/{version}"
    lines = (first, host, f"X-Marker: {MARKER}", "Connection: close", *headers)
    return "".join(f"{line}\r\n" for line in lines if line).encode("latin-1") + b"\r\n"


def post(body: bytes, *headers: str, target: str = LOGIN) -> bytes:
    """A well-framed request with a body."""
    return head("POST", target, *(headers or (JSON,)), f"Content-Length: {len(body)}") + body


def row(name: str, raw: bytes | tuple[bytes, ...], status: int, reason: str = "") -> Row:
    """A row with one answer; without a reason it is no refusal."""
    parts = raw if isinstance(raw, tuple) else (raw,)
    return Row(name=name, parts=parts, answers=((status, reason),))


def malformed(name: str, raw: bytes | tuple[bytes, ...]) -> Row:
    """A row that is refused as no good request."""
    return row(name, raw, 400, "MALFORMED_REQUEST")


def marked(request: str) -> bytes:
    """A request written out in Latin-1, with the marker for every MARKER."""
    return request.replace("MARKER", MARKER).encode("latin-1")
