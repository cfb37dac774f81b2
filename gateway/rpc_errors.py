"""What the core, or the channel to it, refused: gRPC status and details to a problem."""

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from gateway import problem
from gateway.problem import Problem, Violation
from gateway.trailing_metadata import headers_of

Detail = TypeVar("Detail", bound=Message)

DOMAIN: Final = "user.pandora.exchange"

_DETAILS_KEY: Final = "grpc-status-details-bin"

_OUT_OF_REACH = Problem(
    code="UNAVAILABLE",
    reason="DEPENDENCY_UNAVAILABLE",
    detail="The service is out of reach at this moment.",
)
_WITHOUT_INFO: Final[Mapping[grpc.StatusCode, Problem]] = {
    grpc.StatusCode.UNAVAILABLE: _OUT_OF_REACH,
    # A core that shuts down cancels what its grace period did not see the end of.
    grpc.StatusCode.CANCELLED: _OUT_OF_REACH,
    grpc.StatusCode.DEADLINE_EXCEEDED: Problem(
        code="DEADLINE_EXCEEDED",
        reason="DEADLINE_EXCEEDED",
        detail="The answer did not come in time; whether the call took effect is not known.",
    ),
    # A core that is older than this gateway's contract.
    grpc.StatusCode.UNIMPLEMENTED: Problem(
        code="UNIMPLEMENTED", reason="UNIMPLEMENTED", detail="This call is not served here."
    ),
}


def problem_of(error: grpc.aio.AioRpcError) -> Problem:
    """Translate a failed call.

    The core's own refusals carry an ErrorInfo of DOMAIN, and their message is meant for the client.
    Anything else comes from the transport or is a bug: its text stays here.
    """
    details = _details(error)
    info = _info(details)
    if info is None or not info.reason:
        return _WITHOUT_INFO.get(error.code(), problem.internal())
    told = headers_of(error.trailing_metadata() or ())
    retry = _first(details, error_details_pb2.RetryInfo)
    bad_request = _first(details, error_details_pb2.BadRequest)
    return Problem(
        code=error.code().name,
        reason=info.reason,
        detail=error.details() or "",
        violations=() if bad_request is None else _violations(bad_request),
        retry_after_seconds=None if retry is None else _seconds(retry),
        headers=told,
    )


def is_refusal(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether it was the core that refused, and not the way to it that failed."""
    return _info(_details(error)) is not None


def _info(details: status_pb2.Status) -> error_details_pb2.ErrorInfo | None:
    return _first(details, error_details_pb2.ErrorInfo, lambda info: info.domain == DOMAIN)


def _details(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                status.ParseFromString(value)
            except DecodeError:
                return status_pb2.Status()
    return status


def _first(
    status: status_pb2.Status,
    kind: type[Detail],
    accept: Callable[[Detail], bool] = lambda _detail: True,
) -> Detail | None:
    for packed in status.details:
        detail = kind()
        try:
            if packed.Unpack(detail) and accept(detail):
                return detail
        except DecodeError:
            continue
    return None


def _violations(bad_request: error_details_pb2.BadRequest) -> tuple[Violation, ...]:
    return tuple(
        Violation(field=broken.field, rule=broken.reason, message=broken.description)
        for broken in bad_request.field_violations
    )


def _seconds(retry: error_details_pb2.RetryInfo) -> int:
    """Whole seconds, rounded up: a client that waits must not come back too early."""
    delay = retry.retry_delay
    return max(1, delay.seconds + math.ceil(delay.nanos / 1_000_000_000))
