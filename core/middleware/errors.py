"""The one table from domain errors to gRPC status codes, and how an error is put on the wire."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import grpc
import grpc.aio
from google.protobuf import duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from core.domain import errors
from core.domain.errors import DomainError, RetryableError, ViolationError
from core.middleware.call import Answer, Call, Next
from core.middleware.call_logger import CallLogger

ERROR_DOMAIN = "user.pandora.exchange"
"""`google.rpc.ErrorInfo.domain` of every refusal."""

MAX_VIOLATIONS = 20
"""Violations that an answer names; trailers over 8 KiB are refused by clients' defaults."""

STATUS_CODES: Mapping[type[DomainError], grpc.StatusCode] = MappingProxyType(
    {
        errors.ValidationFailed: grpc.StatusCode.INVALID_ARGUMENT,
        errors.MalformedRequest: grpc.StatusCode.INVALID_ARGUMENT,
        errors.PasswordTooWeak: grpc.StatusCode.INVALID_ARGUMENT,
        errors.IdempotencyKeyReused: grpc.StatusCode.INVALID_ARGUMENT,
        errors.PageTokenInvalid: grpc.StatusCode.INVALID_ARGUMENT,
        errors.OneTimeTokenInvalid: grpc.StatusCode.INVALID_ARGUMENT,
        errors.InvalidCredentials: grpc.StatusCode.UNAUTHENTICATED,
        errors.TokenMissing: grpc.StatusCode.UNAUTHENTICATED,
        errors.TokenInvalid: grpc.StatusCode.UNAUTHENTICATED,
        errors.TokenExpired: grpc.StatusCode.UNAUTHENTICATED,
        errors.SessionRevoked: grpc.StatusCode.UNAUTHENTICATED,
        errors.RefreshTokenInvalid: grpc.StatusCode.UNAUTHENTICATED,
        errors.RefreshTokenReused: grpc.StatusCode.UNAUTHENTICATED,
        errors.MfaCodeInvalid: grpc.StatusCode.UNAUTHENTICATED,
        errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
        errors.AccountSuspended: grpc.StatusCode.PERMISSION_DENIED,
        errors.RecentAuthenticationRequired: grpc.StatusCode.PERMISSION_DENIED,
        errors.UserNotFound: grpc.StatusCode.NOT_FOUND,
        errors.SessionNotFound: grpc.StatusCode.NOT_FOUND,
        errors.EmailAlreadyRegistered: grpc.StatusCode.ALREADY_EXISTS,
        errors.KycTransitionNotAllowed: grpc.StatusCode.FAILED_PRECONDITION,
        errors.KycReasonRequired: grpc.StatusCode.FAILED_PRECONDITION,
        errors.LastAdmin: grpc.StatusCode.FAILED_PRECONDITION,
        errors.AlreadyEnrolled: grpc.StatusCode.FAILED_PRECONDITION,
        errors.RateLimited: grpc.StatusCode.RESOURCE_EXHAUSTED,
        errors.LoginThrottled: grpc.StatusCode.RESOURCE_EXHAUSTED,
        errors.Conflict: grpc.StatusCode.ABORTED,
        errors.ServerBusy: grpc.StatusCode.UNAVAILABLE,
        errors.DependencyUnavailable: grpc.StatusCode.UNAVAILABLE,
    }
)


_CODES: Mapping[int, grpc.StatusCode] = MappingProxyType(
    {code.value[0]: code for code in grpc.StatusCode}
)


class StatusError(Exception):
    """A refusal in the transport's own words, for which the domain has no reason."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        """Say it as gRPC does."""
        super().__init__(message)
        self.code = code


class RepeatedRefusal(Exception):
    """A refusal that was given before, in the words of then."""

    def __init__(self, status: status_pb2.Status) -> None:
        """Take it as `refusal_status` made it."""
        super().__init__(status.message)
        self.status = status


def classify(error: BaseException) -> tuple[grpc.StatusCode, str | None]:
    """Return the code and the reason that an error is answered with.

    What is not foreseen is INTERNAL, a domain error that the table does not name included.
    """
    code = STATUS_CODES.get(type(error))  # type: ignore[arg-type] # any other type is not in it
    if code is not None and isinstance(error, DomainError):
        return code, error.reason
    if isinstance(error, StatusError):
        return error.code, None
    if isinstance(error, RepeatedRefusal):
        return _CODES[error.status.code], _reason(error.status)
    if isinstance(error, asyncio.CancelledError):
        return grpc.StatusCode.CANCELLED, None
    return grpc.StatusCode.INTERNAL, None


def refusal_status(error: Exception) -> status_pb2.Status:
    """Return what an error is answered, but for what names the call that it comes from."""
    if isinstance(error, RepeatedRefusal):
        return error.status
    code, reason = classify(error)
    message = "internal error" if code is grpc.StatusCode.INTERNAL else str(error)
    numbers: tuple[int, str] = code.value
    status = status_pb2.Status(code=numbers[0], message=message)
    for detail in _details(error, reason):
        status.details.add().Pack(detail)
    return status


class Errors:
    """Stage: turns whatever comes out of a call into a status. The outermost stage of all.

    Cancellation passes through: grpc.aio ends the call by itself.
    """

    def __init__(self, log: CallLogger) -> None:
        """Take the logger that unforeseen errors go to."""
        self._log = log

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Answer, or abort the call."""
        try:
            return await proceed(call)
        except Exception as error:  # noqa: BLE001 - the last line of defence; nothing gets past
            status = self._status(call, error)
        return await call.context.abort(
            status.code,
            status.details,
            (*call.context.trailing_metadata(), *status.trailing_metadata),
        )

    def _status(self, call: Call, error: Exception) -> grpc.Status:
        code, _ = classify(error)
        if code is grpc.StatusCode.INTERNAL:
            self._log.error(
                "call.failed",
                method=call.method,
                request_id=call.origin.request_id,
                trace_id=call.trace_id,
                exc_info=error,
            )
        status = refusal_status(error)
        status.details.add().Pack(
            error_details_pb2.RequestInfo(
                request_id=call.origin.request_id, serving_data=call.trace_id
            )
        )
        return rpc_status.to_status(status)


def _details(error: Exception, reason: str | None) -> list[Message]:
    details: list[Message] = []
    if reason is not None:
        details.append(error_details_pb2.ErrorInfo(reason=reason, domain=ERROR_DOMAIN))
    if isinstance(error, ViolationError):
        details.append(_bad_request(error))
    if isinstance(error, RetryableError):
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(error.retry_after_seconds * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return details


def _reason(status: status_pb2.Status) -> str | None:
    info = error_details_pb2.ErrorInfo()
    found = any(detail.Unpack(info) for detail in status.details)
    return info.reason if found else None


def _bad_request(error: ViolationError) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=violation.field, description=violation.message, reason=violation.rule
            )
            for violation in error.violations[:MAX_VIOLATIONS]
        ]
    )
