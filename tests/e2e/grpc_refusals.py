"""What the gRPC door refuses: method, request, status code and reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.message import Message

from pandora.user.v1 import (
    audit_service_pb2,
    auth_service_pb2,
    kyc_pb2,
    kyc_service_pb2,
    session_service_pb2,
    user_pb2,
    user_service_pb2,
)
from tests.e2e.cast import Cast
from tests.e2e.people import PASSWORD

_Code = grpc.StatusCode
Build = Callable[[Cast], Message]


@dataclass(frozen=True, kw_only=True)
class GrpcRefusal:
    """One call and what it is answered; a request is built for the cast, or raw bytes."""

    method: str
    request: Build | bytes
    caller: str | None = None
    code: grpc.StatusCode
    reason: str | None
    audit_rows: int = 0

    def bytes_for(self, cast: Cast) -> bytes:
        """Return what is sent."""
        if isinstance(self.request, bytes):
            return self.request
        return self.request(cast).SerializeToString()


def _register(code: grpc.StatusCode, reason: str, **fields: str) -> GrpcRefusal:
    document = {"email": "new@example.com", "password": PASSWORD, **fields}

    def build(cast: Cast) -> Message:
        filled = {name: cast.fill(value).swapcase() for name, value in document.items()}
        return auth_service_pb2.RegisterRequest(**filled)

    return GrpcRefusal(method="AuthService/Register", request=build, code=code, reason=reason)


def _login(email: str, password: str, code: grpc.StatusCode, reason: str) -> GrpcRefusal:
    return GrpcRefusal(
        method="AuthService/Login",
        request=lambda cast: auth_service_pb2.LoginRequest(
            email=cast.fill(email), password=password
        ),
        code=code,
        reason=reason,
        audit_rows=1,
    )


def _of(
    method: str, caller: str | None, request: Build, code: grpc.StatusCode, reason: str
) -> GrpcRefusal:
    return GrpcRefusal(method=method, request=request, caller=caller, code=code, reason=reason)


def _get(user_id: str, caller: str | None, code: grpc.StatusCode, reason: str) -> GrpcRefusal:
    return _of(
        "UserService/GetUser",
        caller,
        lambda cast: user_service_pb2.GetUserRequest(user_id=cast.fill(user_id)),
        code,
        reason,
    )


def _kyc(
    user_id: str, caller: str, status: kyc_pb2.KycStatus, code: grpc.StatusCode, reason: str
) -> GrpcRefusal:
    return _of(
        "KycService/UpdateKyc",
        caller,
        lambda cast: kyc_service_pb2.UpdateKycRequest(user_id=cast.fill(user_id), status=status),
        code,
        reason,
    )


def _raw(request: bytes, reason: str) -> GrpcRefusal:
    return GrpcRefusal(
        method="AuthService/Register",
        request=request,
        code=_Code.INVALID_ARGUMENT,
        reason=reason,
    )


_REQUESTS: Final = {
    "a message that is cut off": _raw(b"\x0a\x7fshort", "MALFORMED_REQUEST"),
    "a message that is noise": _raw(b"\xff\xff\xff", "MALFORMED_REQUEST"),
    "invalid UTF-8": _raw(b"\x0a\x0fa\xff@example.com!!\x12\x08password", "MALFORMED_REQUEST"),
    # A number where the contract has a text is an unknown field to every reader of proto3.
    "a field of the wrong type": _raw(b"\x08\x07\x12\x08password", "VALIDATION_FAILED"),
    "an empty message": _raw(b"", "VALIDATION_FAILED"),
    "an over-long field": _register(
        _Code.INVALID_ARGUMENT, "VALIDATION_FAILED", full_name="x" * 201
    ),
    "a short password": _register(_Code.INVALID_ARGUMENT, "PASSWORD_TOO_WEAK", password="1234567"),
    "an address that is taken, in another letter case": _register(
        _Code.ALREADY_EXISTS, "EMAIL_ALREADY_REGISTERED", email="{ada_email}"
    ),
    "an unknown method": GrpcRefusal(
        method="UserService/Promote", request=b"", code=_Code.UNIMPLEMENTED, reason=None
    ),
    "an unknown service": GrpcRefusal(
        method="pandora.user.v1.NoService/Get", request=b"", code=_Code.UNIMPLEMENTED, reason=None
    ),
    "an unknown enum value": _of(
        "UserService/SetUserRole",
        "admin",
        lambda cast: user_service_pb2.SetUserRoleRequest(
            user_id=cast.people["bob"].id,
            role=77,  # type: ignore[arg-type]
        ),
        _Code.INVALID_ARGUMENT,
        "VALIDATION_FAILED",
    ),
    "the role of a service": _of(
        "UserService/SetUserRole",
        "admin",
        lambda cast: user_service_pb2.SetUserRoleRequest(
            user_id=cast.people["bob"].id, role=user_pb2.ROLE_SERVICE
        ),
        _Code.INVALID_ARGUMENT,
        "VALIDATION_FAILED",
    ),
}

_CREDENTIALS: Final = {
    "a wrong password": _login(
        "{ada_email}", "wrong", _Code.UNAUTHENTICATED, "INVALID_CREDENTIALS"
    ),
    "an unknown address": _login(
        "nobody@example.com", PASSWORD, _Code.UNAUTHENTICATED, "INVALID_CREDENTIALS"
    ),
    "a suspended account": _login(
        "{suspended_email}", PASSWORD, _Code.PERMISSION_DENIED, "ACCOUNT_SUSPENDED"
    ),
    "an unknown refresh token": GrpcRefusal(
        method="AuthService/RefreshToken",
        request=lambda _: auth_service_pb2.RefreshTokenRequest(refresh_token="prt_" + "A" * 43),
        code=_Code.UNAUTHENTICATED,
        reason="REFRESH_TOKEN_INVALID",
        audit_rows=1,
    ),
}

_TOKENS: Final = {
    f"a token that is {name}": _get("me", name, _Code.UNAUTHENTICATED, reason)
    for name, reason in {
        "expired": "TOKEN_EXPIRED",
        "signed by a stranger": "TOKEN_INVALID",
        "alg none": "TOKEN_INVALID",
        "HS256": "TOKEN_INVALID",
        "altered": "TOKEN_INVALID",
        "of another issuer": "TOKEN_INVALID",
        "logged_out": "SESSION_REVOKED",
        "suspended": "SESSION_REVOKED",
        "deleted": "SESSION_REVOKED",
    }.items()
} | {"no token": _get("me", None, _Code.UNAUTHENTICATED, "TOKEN_MISSING")}

_PERMISSIONS: Final = {
    "another user's id": _get("{bob}", "ada", _Code.PERMISSION_DENIED, "PERMISSION_DENIED"),
    "nobody's id, before it is looked for": _get(
        "{nobody}", "ada", _Code.PERMISSION_DENIED, "PERMISSION_DENIED"
    ),
    "an unknown user": _get("{nobody}", "admin", _Code.NOT_FOUND, "USER_NOT_FOUND"),
    "a plain user's look at the audit log": _of(
        "AuditService/ListAuditEvents",
        "ada",
        lambda _: audit_service_pb2.ListAuditEventsRequest(),
        _Code.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    ),
    "a person who asks for many": _of(
        "UserService/BatchGetUsers",
        "support",
        lambda cast: user_service_pb2.BatchGetUsersRequest(user_ids=[cast.people["ada"].id]),
        _Code.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    ),
    "the end of another user's session": _of(
        "SessionService/RevokeSession",
        "ada",
        lambda cast: session_service_pb2.RevokeSessionRequest(
            user_id=cast.people["bob"].id, session_id=cast.people["bob"].session_id
        ),
        _Code.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    ),
}

_STATES: Final = {
    "a KYC step that leads nowhere": _kyc(
        "{verified}",
        "admin",
        kyc_pb2.KYC_STATUS_VERIFIED,
        _Code.FAILED_PRECONDITION,
        "KYC_TRANSITION_NOT_ALLOWED",
    ),
    "a rejection without a reason": _kyc(
        "{bob}",
        "compliance",
        kyc_pb2.KYC_STATUS_REJECTED,
        _Code.FAILED_PRECONDITION,
        "KYC_REASON_REQUIRED",
    ),
    "an unspecified enum value": _kyc(
        "{bob}",
        "admin",
        kyc_pb2.KYC_STATUS_UNSPECIFIED,
        _Code.INVALID_ARGUMENT,
        "VALIDATION_FAILED",
    ),
}

GRPC_REFUSALS: Final[Mapping[str, GrpcRefusal]] = (
    _REQUESTS | _CREDENTIALS | _TOKENS | _PERMISSIONS | _STATES
)
