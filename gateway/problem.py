"""Problem documents (RFC 9457): the one form in which the gateway refuses.

Beside the RFC's members a document holds `code` (the name of the google.rpc.Code), `reason` (an
ErrorReason, or the code's name where there is no better one), `trace_id`, and `violations` where
fields are to blame.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from gateway.converters import json_text

CONTENT_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 1
"""Advised where the core says nothing better."""

STATUS_OF_CODE: Final[Mapping[str, int]] = {
    "INVALID_ARGUMENT": HTTPStatus.BAD_REQUEST,
    "FAILED_PRECONDITION": HTTPStatus.BAD_REQUEST,
    "OUT_OF_RANGE": HTTPStatus.BAD_REQUEST,
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "ALREADY_EXISTS": HTTPStatus.CONFLICT,
    "ABORTED": HTTPStatus.CONFLICT,
    "RESOURCE_EXHAUSTED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNIMPLEMENTED": HTTPStatus.NOT_IMPLEMENTED,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "DEADLINE_EXCEEDED": HTTPStatus.GATEWAY_TIMEOUT,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""As the comments of google/rpc/code.proto say."""

STATUS_OF_REASON: Final[Mapping[str, int]] = {
    "METHOD_NOT_ALLOWED": HTTPStatus.METHOD_NOT_ALLOWED,
    "PAYLOAD_TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "HEADERS_TOO_LARGE": HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "UNSUPPORTED_MEDIA_TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
"""Reasons for which HTTP has a better word than their code has."""

CODE_OF_REASON: Final[Mapping[str, str]] = {
    "METHOD_NOT_ALLOWED": "UNIMPLEMENTED",
    "PAYLOAD_TOO_LARGE": "INVALID_ARGUMENT",
    "HEADERS_TOO_LARGE": "INVALID_ARGUMENT",
    "UNSUPPORTED_MEDIA_TYPE": "INVALID_ARGUMENT",
    "MALFORMED_REQUEST": "INVALID_ARGUMENT",
    "VALIDATION_FAILED": "INVALID_ARGUMENT",
    "ROUTE_NOT_FOUND": "NOT_FOUND",
    "DEPENDENCY_UNAVAILABLE": "UNAVAILABLE",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED": "UNIMPLEMENTED",
    "INTERNAL": "INTERNAL",
}
"""Reasons that the gateway gives by itself."""

# A tag URI (RFC 4151): it names a type of problem for ever and promises no document behind it.
_TYPE: Final = "tag:user.pandora.exchange,2026:problem:"
# Credentials that were wrong in a way that a bearer token can be (RFC 6750 section 3.1).
_TOKEN_REASONS: Final = frozenset({"TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_REVOKED"})
_NOT_IN_QUOTES: Final = re.compile(r'[^ -~]|["\\]')
_MAY_RETRY: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One field that breaks one rule; the message never repeats the value."""

    field: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal, complete but for the trace id."""

    code: str
    reason: str
    detail: str
    violations: tuple[Violation, ...] = ()
    retry_after_seconds: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    close: bool = False
    """Whether the rest of the connection cannot be trusted or is not worth reading."""

    @property
    def status(self) -> int:
        """The HTTP status; 500 for a code that is not in the table."""
        by_code = STATUS_OF_CODE.get(self.code, HTTPStatus.INTERNAL_SERVER_ERROR)
        return int(STATUS_OF_REASON.get(self.reason, by_code))

    def document(self, trace_id: str) -> dict[str, object]:
        """The members of the JSON object."""
        document: dict[str, object] = {
            "type": _TYPE + self.reason,
            "title": self.reason.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "reason": self.reason,
            "trace_id": trace_id,
        }
        if self.violations:
            document["violations"] = [
                {"field": broken.field, "rule": broken.rule, "message": broken.message}
                for broken in self.violations
            ]
        return document

    def body(self, trace_id: str) -> bytes:
        """The document as UTF-8 JSON."""
        return json_text.write(self.document(trace_id)).encode()

    def all_headers(self) -> dict[str, str]:
        """Headers that the status asks for, beside those of every answer."""
        headers = {"Content-Type": CONTENT_TYPE, **self.headers}
        if self.retry_after_seconds or self.code in _MAY_RETRY:
            headers["Retry-After"] = str(self.retry_after_seconds or RETRY_SECONDS)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = self._challenge()
        return headers

    def _challenge(self) -> str:
        """RFC 6750 section 3: an error code only where a token was presented."""
        challenge = 'Bearer realm="pandora"'
        if self.reason in _TOKEN_REASONS:
            sentence = _NOT_IN_QUOTES.sub("", self.detail)
            challenge += f', error="invalid_token", error_description="{sentence}"'
        return challenge


class ProblemError(Exception):
    """Ends the handling of a request with a problem document."""

    def __init__(self, problem: Problem) -> None:
        """Keep the document."""
        super().__init__(problem.reason)
        self.problem = problem


def refuse(
    reason: str,
    detail: str,
    *violations: Violation,
    headers: Mapping[str, str] | None = None,
    close: bool = False,
) -> ProblemError:
    """Make the error for one of the gateway's own reasons."""
    return ProblemError(
        Problem(
            code=CODE_OF_REASON[reason],
            reason=reason,
            detail=detail,
            violations=violations,
            headers=headers or {},
            close=close,
        )
    )


def internal() -> Problem:
    """What is said about an unknown error: nothing but the trace id."""
    return Problem(code="INTERNAL", reason="INTERNAL", detail="An unexpected error occurred.")
