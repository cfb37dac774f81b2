"""RFC 9457 documents, and what becomes of a failed call."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError, Metadata

from gateway.problem import CODE_OF_REASON, Problem, Violation, internal, refuse
from gateway.rpc_errors import DOMAIN, problem_of
from pandora.user.v1 import error_reason_pb2

TRACE = "0af7651916cd43dd8448eb211c80319c"
ERROR_REASONS = error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name
OWN_REASONS = {"DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL"}


def _info(reason: str, domain: str = DOMAIN) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain=domain)


def _failed(
    code: grpc.StatusCode, *details: Message, text: str = "a sentence", raw: bytes | None = None
) -> AioRpcError:
    packed = []
    for detail in details:
        packed.append(Any())
        packed[-1].Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=text, details=packed)
    trailing = Metadata()
    if details or raw is not None:
        trailing.add("grpc-status-details-bin", raw or status.SerializeToString())
    return AioRpcError(code, Metadata(), trailing, text, "debug text with internals")


def test_a_document_has_every_member_of_the_contract() -> None:
    violation = Violation(field="email", rule="string.min_len", message="is too short")
    problem = Problem(
        code="INVALID_ARGUMENT",
        reason="VALIDATION_FAILED",
        detail="A field breaks its rule.",
        violations=(violation,),
    )
    assert problem.document(TRACE) == {
        "type": "tag:user.pandora.exchange,2026:problem:VALIDATION_FAILED",
        "title": "Validation failed",
        "status": 400,
        "detail": "A field breaks its rule.",
        "code": "INVALID_ARGUMENT",
        "reason": "VALIDATION_FAILED",
        "trace_id": TRACE,
        "violations": [
            {"field": "email", "rule": "string.min_len", "message": "is too short"},
        ],
    }


def test_an_unknown_error_tells_the_trace_id_and_nothing_else() -> None:
    document = internal().document(TRACE)
    assert (document["code"], document["status"], document["trace_id"]) == ("INTERNAL", 500, TRACE)
    assert "violations" not in document


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        ("INVALID_ARGUMENT", "VALIDATION_FAILED", 400),
        ("INVALID_ARGUMENT", "PAYLOAD_TOO_LARGE", 413),
        ("INVALID_ARGUMENT", "HEADERS_TOO_LARGE", 431),
        ("INVALID_ARGUMENT", "UNSUPPORTED_MEDIA_TYPE", 415),
        ("UNIMPLEMENTED", "METHOD_NOT_ALLOWED", 405),
        ("UNIMPLEMENTED", "UNIMPLEMENTED", 501),
        ("FAILED_PRECONDITION", "LAST_ADMIN", 400),
        ("UNAUTHENTICATED", "TOKEN_MISSING", 401),
        ("PERMISSION_DENIED", "PERMISSION_DENIED", 403),
        ("NOT_FOUND", "USER_NOT_FOUND", 404),
        ("ALREADY_EXISTS", "EMAIL_ALREADY_REGISTERED", 409),
        ("ABORTED", "CONFLICT", 409),
        ("RESOURCE_EXHAUSTED", "RATE_LIMITED", 429),
        ("UNAVAILABLE", "SERVER_BUSY", 503),
        ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", 504),
        ("INTERNAL", "INTERNAL", 500),
        ("DATA_LOSS", "DATA_LOSS", 500),
    ],
)
def test_the_status_follows_the_code_and_a_few_reasons(code: str, reason: str, status: int) -> None:
    assert Problem(code=code, reason=reason, detail="").status == status


def test_the_gateways_own_reasons_stand_in_the_contract() -> None:
    known = {name.removeprefix("ERROR_REASON_") for name in ERROR_REASONS}
    assert CODE_OF_REASON.keys() - OWN_REASONS <= known


@pytest.mark.parametrize(
    ("reason", "challenge"),
    [
        ("TOKEN_MISSING", 'Bearer realm="pandora"'),
        ("INVALID_CREDENTIALS", 'Bearer realm="pandora"'),
        (
            "TOKEN_EXPIRED",
            'Bearer realm="pandora", error="invalid_token", error_description="It is over."',
        ),
    ],
)
def test_a_401_carries_a_challenge(reason: str, challenge: str) -> None:
    detail = 'It\r\n is "over"\\.é'
    problem = Problem(code="UNAUTHENTICATED", reason=reason, detail=detail)
    assert problem.all_headers()["WWW-Authenticate"] == challenge


def test_other_statuses_carry_none() -> None:
    assert "WWW-Authenticate" not in refuse("ROUTE_NOT_FOUND", "").problem.all_headers()


def test_a_refusal_of_the_core_is_passed_on_with_its_details() -> None:
    error = _failed(
        grpc.StatusCode.INVALID_ARGUMENT,
        _info("VALIDATION_FAILED"),
        error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field="email", reason="string.pattern", description="is no address"
                )
            ]
        ),
        error_details_pb2.RequestInfo(request_id="r", serving_data=TRACE),
    )
    assert problem_of(error) == Problem(
        code="INVALID_ARGUMENT",
        reason="VALIDATION_FAILED",
        detail="a sentence",
        violations=(Violation(field="email", rule="string.pattern", message="is no address"),),
    )


@pytest.mark.parametrize(
    ("delay", "header"),
    [
        (Duration(seconds=30), "30"),
        (Duration(seconds=2, nanos=1), "3"),
        (Duration(nanos=5), "1"),
        (Duration(), "1"),
    ],
)
def test_retry_info_becomes_retry_after_in_whole_seconds(delay: Duration, header: str) -> None:
    error = _failed(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        _info("LOGIN_THROTTLED"),
        error_details_pb2.RetryInfo(retry_delay=delay),
    )
    assert problem_of(error).all_headers()["Retry-After"] == header


@pytest.mark.parametrize(
    ("code", "reason", "status", "retry_after"),
    [
        (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", 503, "1"),
        (grpc.StatusCode.CANCELLED, "DEPENDENCY_UNAVAILABLE", 503, "1"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", 504, None),
        (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED", 501, None),
        (grpc.StatusCode.UNKNOWN, "INTERNAL", 500, None),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "INTERNAL", 500, None),
        (grpc.StatusCode.UNAUTHENTICATED, "INTERNAL", 500, None),
        (grpc.StatusCode.INTERNAL, "INTERNAL", 500, None),
    ],
)
@pytest.mark.parametrize("details", [(), (_info("TOKEN_INVALID", domain="elsewhere.example"),)])
def test_an_error_that_is_not_the_cores_own_tells_nothing_of_its_text(
    code: grpc.StatusCode,
    reason: str,
    status: int,
    retry_after: str | None,
    details: tuple[Message, ...],
) -> None:
    problem = problem_of(_failed(code, *details, text="secret internals"))
    assert (problem.reason, problem.status) == (reason, status)
    assert problem.all_headers().get("Retry-After") == retry_after
    assert "internals" not in problem.body(TRACE).decode()


def test_details_that_cannot_be_read_are_no_details() -> None:
    error = _failed(grpc.StatusCode.NOT_FOUND, raw=b"\xff\xff\xff")
    assert problem_of(error) == internal()
    broken = status_pb2.Status(
        details=[Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")]
    )
    error = _failed(grpc.StatusCode.NOT_FOUND, raw=broken.SerializeToString())
    assert problem_of(error) == internal()
