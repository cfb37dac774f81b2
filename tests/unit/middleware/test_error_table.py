import grpc
import pytest

from core.domain import errors
from core.domain.errors import DomainError, Violation
from core.middleware.errors import MAX_VIOLATIONS, STATUS_CODES, classify
from pandora.user.v1 import error_reason_pb2
from tests.unit.middleware.door import open_door

pytestmark = pytest.mark.asyncio

PROMISED = {
    "VALIDATION_FAILED": grpc.StatusCode.INVALID_ARGUMENT,
    "MALFORMED_REQUEST": grpc.StatusCode.INVALID_ARGUMENT,
    "PASSWORD_TOO_WEAK": grpc.StatusCode.INVALID_ARGUMENT,
    "IDEMPOTENCY_KEY_REUSED": grpc.StatusCode.INVALID_ARGUMENT,
    "PAGE_TOKEN_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "ONE_TIME_TOKEN_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "INVALID_CREDENTIALS": grpc.StatusCode.UNAUTHENTICATED,
    "TOKEN_MISSING": grpc.StatusCode.UNAUTHENTICATED,
    "TOKEN_INVALID": grpc.StatusCode.UNAUTHENTICATED,
    "TOKEN_EXPIRED": grpc.StatusCode.UNAUTHENTICATED,
    "SESSION_REVOKED": grpc.StatusCode.UNAUTHENTICATED,
    "REFRESH_TOKEN_INVALID": grpc.StatusCode.UNAUTHENTICATED,
    "REFRESH_TOKEN_REUSED": grpc.StatusCode.UNAUTHENTICATED,
    "MFA_CODE_INVALID": grpc.StatusCode.UNAUTHENTICATED,
    "PERMISSION_DENIED": grpc.StatusCode.PERMISSION_DENIED,
    "ACCOUNT_SUSPENDED": grpc.StatusCode.PERMISSION_DENIED,
    "RECENT_AUTHENTICATION_REQUIRED": grpc.StatusCode.PERMISSION_DENIED,
    "USER_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "SESSION_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "EMAIL_ALREADY_REGISTERED": grpc.StatusCode.ALREADY_EXISTS,
    "KYC_TRANSITION_NOT_ALLOWED": grpc.StatusCode.FAILED_PRECONDITION,
    "KYC_REASON_REQUIRED": grpc.StatusCode.FAILED_PRECONDITION,
    "LAST_ADMIN": grpc.StatusCode.FAILED_PRECONDITION,
    "ALREADY_ENROLLED": grpc.StatusCode.FAILED_PRECONDITION,
    "RATE_LIMITED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "LOGIN_THROTTLED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "CONFLICT": grpc.StatusCode.ABORTED,
    "SERVER_BUSY": grpc.StatusCode.UNAVAILABLE,
    "DEPENDENCY_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
}
"""What the contract says of each reason that this service's domain can give."""


def reasons_of_the_domain() -> list[type[DomainError]]:
    """Every domain error that has a reason of its own, however deep below DomainError."""
    found: list[type[DomainError]] = []
    open_ends: list[type[DomainError]] = [DomainError]
    while open_ends:
        below = open_ends.pop().__subclasses__()
        open_ends += below
        found += [kind for kind in below if "reason" in vars(kind)]
    return found


def made(kind: type[DomainError]) -> DomainError:
    if issubclass(kind, errors.ViolationError):
        return kind(Violation("email", "string.min_len", "is too short"))
    if issubclass(kind, errors.DependencyUnavailable):
        return kind("postgres", retry_after_seconds=1.5)
    if issubclass(kind, errors.RetryableError):
        return kind(retry_after_seconds=1.5)
    return kind()


async def test_every_domain_error_is_in_the_table_with_the_code_that_the_contract_names() -> None:
    domain = reasons_of_the_domain()

    assert set(STATUS_CODES) == set(domain)
    assert {kind.reason: STATUS_CODES[kind] for kind in domain} == PROMISED


async def test_every_reason_is_one_of_the_contract() -> None:
    known = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118 - no dict

    assert {kind.reason for kind in reasons_of_the_domain()} <= known - {"UNSPECIFIED"}


async def test_a_domain_error_that_the_table_forgot_is_internal() -> None:
    class Forgotten(DomainError):
        message = "Nobody may read this."

    assert classify(Forgotten()) == (grpc.StatusCode.INTERNAL, None)


@pytest.mark.parametrize("kind", reasons_of_the_domain(), ids=lambda kind: kind.reason)
async def test_a_domain_error_reaches_the_client_with_code_reason_and_details(
    kind: type[DomainError],
) -> None:
    async with open_door() as door:
        error = made(kind)

        async def refuse(_request: object, _context: object) -> None:
            raise error

        door.behave["AuthService/GetJwks"] = refuse
        refusal = await door.refusal("AuthService/GetJwks", metadata=[("x-request-id", "one")])

    assert refusal.code is PROMISED[kind.reason]
    assert refusal.message == str(error)
    assert refusal.reason == kind.reason
    assert refusal.info is not None
    assert refusal.info.domain == "user.pandora.exchange"
    assert refusal.request is not None
    assert refusal.request.request_id == "one"
    assert len(refusal.request.serving_data) == 32
    assert (refusal.bad_request is not None) == issubclass(kind, errors.ViolationError)
    assert (refusal.retry is not None) == issubclass(kind, errors.RetryableError)
    if refusal.retry is not None:
        assert refusal.retry.retry_delay.ToMilliseconds() == 1500
    if refusal.bad_request is not None:
        (violation,) = refusal.bad_request.field_violations
        assert violation.field == "email"
        assert violation.description == "is too short"
        assert violation.reason == "string.min_len"


async def test_a_dependency_is_named_in_the_log_and_not_to_the_client() -> None:
    async with open_door() as door:

        async def refuse(_request: object, _context: object) -> None:
            raise errors.DependencyUnavailable("postgres")

        door.behave["AuthService/GetJwks"] = refuse
        refusal = await door.refusal("AuthService/GetJwks")

    assert "postgres" not in refusal.message
    assert b"postgres" not in refusal.metadata["grpc-status-details-bin"]
    assert door.log.entries[-1]["dependency"] == "postgres"


async def test_violations_without_number_still_fit_into_the_trailers() -> None:
    async with open_door() as door:

        async def refuse(_request: object, _context: object) -> None:
            raise errors.ValidationFailed(
                *(Violation(f"user_ids[{n}]", "string.uuid", "no UUID " * 8) for n in range(1000))
            )

        door.behave["AuthService/GetJwks"] = refuse
        refusal = await door.refusal("AuthService/GetJwks")

    assert refusal.reason == "VALIDATION_FAILED"
    assert refusal.bad_request is not None
    assert len(refusal.bad_request.field_violations) == MAX_VIOLATIONS


async def test_an_unforeseen_error_says_internal_and_a_trace_id_and_nothing_else() -> None:
    async with open_door() as door:

        async def fail(_request: object, _context: object) -> None:
            raise RuntimeError("password=hunter2 at /srv/core/secret.py")

        door.behave["AuthService/GetJwks"] = fail
        refusal = await door.refusal("AuthService/GetJwks")

    assert refusal.code is grpc.StatusCode.INTERNAL
    assert refusal.message == "internal error"
    assert refusal.info is None
    assert refusal.request is not None
    assert refusal.request.serving_data == door.log.entries[-1]["trace_id"]
    assert "hunter2" not in repr(refusal)
    failed = [entry for entry in door.log.entries if entry["event"] == "call.failed"]
    assert [type(entry["exc_info"]) for entry in failed] == [RuntimeError]


async def test_an_answer_that_cannot_be_written_is_internal_too() -> None:
    async with open_door() as door:

        async def forget(_request: object, _context: object) -> None:
            return None

        door.behave["AuthService/GetJwks"] = forget
        refusal = await door.refusal("AuthService/GetJwks")

    assert refusal.code is grpc.StatusCode.INTERNAL
    assert refusal.message == "internal error"
