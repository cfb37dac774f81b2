"""The headers of answers."""

from http import HTTPStatus
from typing import Final

from gateway.contract import Rpc
from gateway.openapi.json_types import Schema
from pandora.options.v1 import access_pb2

_REF: Final = "#/components/headers/"

SHARED: Final[dict[str, Schema]] = {
    "X-Request-Id": {
        "description": "Names the request: what the request said itself, or a new name.",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where the answer is that of an earlier request with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
    "RateLimit": {
        "description": "What is left of the limits (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "The limits that count for the caller, as the same draft writes them.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "For how many seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate, and what was wrong with the token (RFC 6750).",
        "schema": {"type": "string"},
    },
    "Accept": {
        "description": "The media type that is understood.",
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "Who may keep the answer, and for how long.",
        "schema": {"type": "string"},
    },
}
"""`components/headers`."""

_LIMITS: Final = ("RateLimit", "RateLimit-Policy")
_OF_STATUS: Final = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Accept",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}


def of_success(rpc: Rpc) -> dict[str, Schema]:
    """The headers of a successful answer."""
    names = ["X-Request-Id", *_LIMITS]
    if rpc.access.idempotency_keys == access_pb2.IDEMPOTENCY_KEYS_ACCEPTED:
        names.append("Idempotency-Replayed")
    if rpc.public_max_age_seconds:
        names.append("Cache-Control")
    return _references(names)


def of_problem(status: int) -> dict[str, Schema]:
    """The headers of a refusal."""
    own = _OF_STATUS.get(HTTPStatus(status))
    limits = _LIMITS if status == HTTPStatus.TOO_MANY_REQUESTS else ()
    return _references(["X-Request-Id", *limits, *([own] if own else [])])


def _references(names: list[str]) -> dict[str, Schema]:
    return {name: {"$ref": _REF + name} for name in names}
