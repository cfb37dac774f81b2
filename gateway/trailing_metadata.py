"""What travels back from the core beside the answer, and becomes headers."""

from collections.abc import Iterable, Mapping
from typing import Final

Trailing = Iterable[tuple[str, str | bytes]]
"""Trailing metadata of a call, of an answer and of a refusal alike."""

_HEADERS: Final[Mapping[str, str]] = {
    # draft-ietf-httpapi-ratelimit-headers: lists of structured fields (RFC 9651).
    "ratelimit": "RateLimit",
    "ratelimit-policy": "RateLimit-Policy",
    "idempotency-replayed": "Idempotency-Replayed",
}


def headers_of(trailing: Trailing) -> dict[str, str]:
    """The headers; what the core says twice becomes one list."""
    headers: dict[str, str] = {}
    for key, value in trailing:
        name = _HEADERS.get(key)
        if name is not None and isinstance(value, str):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
