"""Requests to operations of the document: some that it calls valid, and some that it does not."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.people import new_email

SOMEBODY: Final = str(uuid.uuid4())
DROP: Final = object()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request to an operation: what differs from the example that the document gives."""

    operation: str
    body: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, object] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name what differs, the same in every process: values may be random."""
        return " ".join((self.operation.split("_")[1], *self.body, *self.query, *self.path))


def case(operation: str, **body: object) -> Case:
    return Case(operation=operation, body=body)


def query(operation: str, **parameters: object) -> Case:
    return Case(operation=operation, query=parameters)


def path(operation: str, **variables: str) -> Case:
    return Case(operation=operation, path=variables)


VALID: Final = [
    case("AuthService_Register", email=new_email()),
    case("AuthService_Register", email=f"  {new_email()}\t"),
    case("AuthService_Register", email=new_email(), full_name=None),
    case("AuthService_Register", email=new_email(), full_name="\N{GRINNING FACE}" * 200),
    case("AuthService_Login", email="", password=""),
    case("AuthService_Login", email=None, password=None),
    case("AuthService_Login", password="é" * 128),
    case("AuthService_CompleteMfa", totp_code=DROP, recovery_code="x"),
    case("AuthService_CompleteMfa", recovery_code=None),
    case("AuthService_RefreshToken", request_id=DROP),
    case("AuthService_RefreshToken", request_id="a" * 64),
    case("AuthService_Logout", refresh_token="x" * 512),
    case("AuthService_IntrospectToken", token="x" * 8192),
    case("AuthService_RequestPasswordReset", email="nobody"),
    path("UserService_GetUser", user_id="me"),
    path("UserService_GetUser", user_id=SOMEBODY.upper()),
    query("UserService_ListUsers", page_size=0),
    query("UserService_ListUsers", page_size=2**31 - 1),
    query("UserService_ListUsers", kyc_status="pending", role="user", show_deleted="true"),
    query("UserService_ListUsers", query="é"),
    case("UserService_UpdateUser", full_name=""),
    case("UserService_SetUserRole", role="support"),
    case("UserService_SuspendUser", reason="x" * 500),
    case("KycService_UpdateKyc", reason=None),
    query("KycService_ListKycReviews", status="verified"),
    query(
        "AuditService_ListAuditEvents", from_time="2026-01-31T08:00:00.5+01:00", outcome="failure"
    ),
    query("AuditService_ListAuditEvents", actor_id="service:kyc", action="auth.login"),
    case("SessionService_RevokeSessions", keep_current=None),
]
INVALID: Final = [
    case("AuthService_Register", email="nobody"),
    case("AuthService_Register", email="a b@example.com"),
    case("AuthService_Register", email=DROP),
    case("AuthService_Register", email=None),
    case("AuthService_Register", email=["a@b"]),
    case("AuthService_Register", password=""),
    case("AuthService_Register", password="x" * 129),
    case("AuthService_Register", full_name=""),
    case("AuthService_Register", full_name="a\nb"),
    case("AuthService_Register", role="admin"),
    case("AuthService_Login", email=5),
    case("AuthService_Login", password="x" * 129),
    case("AuthService_CompleteMfa", totp_code="12345"),
    case("AuthService_CompleteMfa", totp_code="123456\n"),
    case("AuthService_CompleteMfa", totp_code=DROP),
    case("AuthService_CompleteMfa", recovery_code="x"),
    case("AuthService_RefreshToken", refresh_token="x" * 513),
    case("AuthService_RefreshToken", request_id="a b"),
    case("AuthService_RefreshToken", request_id=""),
    path("UserService_GetUser", user_id="myself"),
    path("UserService_GetUser", user_id="a/b"),
    query("UserService_ListUsers", page_size=-1),
    query("UserService_ListUsers", page_size="1.5"),
    query("UserService_ListUsers", page_size=2**31),
    query("UserService_ListUsers", show_deleted="yes"),
    query("UserService_ListUsers", role="service"),
    query("UserService_ListUsers", kyc_status="PENDING"),
    query("UserService_ListUsers", page_token="x" * 1025),
    case("UserService_SetUserRole", role="service"),
    case("UserService_SetUserRole", role=DROP),
    case("UserService_SuspendUser", reason=""),
    case("KycService_UpdateKyc", status="unspecified"),
    case("KycService_UpdateKyc", reason="\0"),
    query("AuditService_ListAuditEvents", from_time="2026-01-31"),
    query("AuditService_ListAuditEvents", user_id="me"),
    case("SessionService_RevokeSessions", keep_current="true"),
]
