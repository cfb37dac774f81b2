"""Why an operation can be refused: from its access rule, its comment, and the way to the core."""

import re
from collections.abc import Mapping
from typing import Final, cast

from google.rpc import code_pb2

from gateway.contract import HttpBinding, Rpc
from gateway.openapi.comments import Comments
from gateway.problem import STATUS_OF_CODE, STATUS_OF_REASON
from pandora.options.v1 import access_pb2, error_pb2
from pandora.user.v1 import error_reason_pb2

_ENUM: Final = error_reason_pb2.ErrorReason.DESCRIPTOR
_PREFIX: Final = "ERROR_REASON_"
_WORD: Final = re.compile(r"\b[A-Z][A-Z_]+[A-Z]\b")

# The gateway has no better word for these than the code's own (see gateway.problem).
_CODES: Final[Mapping[str, str]] = {
    "INTERNAL": "An unexpected error; the trace id is all that is said about it.",
    "UNIMPLEMENTED": "The core is older than this description and does not serve the call.",
    "DEADLINE_EXCEEDED": (
        "The answer did not come in time; whether the call took effect is not known."
    ),
}
_OF_EVERY_CALL: Final = (
    *("MALFORMED_REQUEST", "PAYLOAD_TOO_LARGE", "HEADERS_TOO_LARGE", "RATE_LIMITED"),
    *("INTERNAL", "UNIMPLEMENTED", "SERVER_BUSY", "DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED"),
)
_OF_CREDENTIALS: Final = (
    *("TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_REVOKED", "PERMISSION_DENIED"),
)
COMMON: Final = frozenset(
    {*_OF_EVERY_CALL, *_OF_CREDENTIALS, "CONFLICT", "ROUTE_NOT_FOUND", "UNSUPPORTED_MEDIA_TYPE"}
)
"""What many operations have in common, and nothing that one of them is special for."""


class Reasons:
    """Every reason of the contract, with its code, its HTTP status and its comment."""

    def __init__(self, comments: Comments) -> None:
        """Read the enum. Raises KeyError where a reason's code has no HTTP status."""
        self.comments: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        for value in _ENUM.values:
            code = _code(value.GetOptions())
            if code is not None:
                reason = value.name.removeprefix(_PREFIX)
                self._codes[reason] = code
                self.comments[reason] = comments.of(f"{_ENUM.full_name}.{value.name}")
        for code, comment in _CODES.items():
            self._codes[code] = code
            self.comments[code] = comment

    def code(self, reason: str) -> str:
        """The name of the gRPC code."""
        return self._codes[reason]

    def status(self, reason: str) -> int:
        """The HTTP status, as gateway.problem chooses it."""
        return int(STATUS_OF_REASON.get(reason) or STATUS_OF_CODE[self._codes[reason]])

    def of(self, rpc: Rpc, binding: HttpBinding, comment: str) -> list[str]:
        """What can refuse a call through one HTTP binding, in the order of the proto."""
        named = {word for word in _WORD.findall(comment) if word in self._codes}
        reasons = {*_OF_EVERY_CALL, *named}
        if rpc.request.fields:
            reasons.add("VALIDATION_FAILED")
        if binding.body:
            reasons.add("UNSUPPORTED_MEDIA_TYPE")
        if "{" in binding.template:
            reasons.add("ROUTE_NOT_FOUND")
        if rpc.has_side_effects:
            reasons.add("CONFLICT")
        if not rpc.access.anyone:
            reasons.update(_OF_CREDENTIALS)
        elif "TOKEN_MISSING" in named:
            reasons.add("SESSION_REVOKED")
        if rpc.access.recent_authentication:
            reasons.add("RECENT_AUTHENTICATION_REQUIRED")
        if rpc.access.idempotency_keys == access_pb2.IDEMPOTENCY_KEYS_ACCEPTED:
            reasons.add("IDEMPOTENCY_KEY_REUSED")
        return [reason for reason in self._codes if reason in reasons]

    def by_status(self, reasons: list[str]) -> dict[int, list[str]]:
        """The same, by HTTP status in ascending order."""
        statuses = sorted({self.status(reason) for reason in reasons})
        return {
            status: [reason for reason in reasons if self.status(reason) == status]
            for status in statuses
        }


def _code(options: object) -> str | None:
    extensions = cast("Mapping[object, int]", getattr(options, "Extensions"))  # noqa: B009
    number = extensions[error_pb2.code]
    return code_pb2.Code.Name(number) if number else None
