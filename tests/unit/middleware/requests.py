"""A valid request for each RPC of the contract."""

from collections.abc import Callable, Mapping

from google.protobuf.message import Message

from pandora.user.v1 import (
    audit_service_pb2 as audit,
)
from pandora.user.v1 import (
    auth_service_pb2 as auth,
)
from pandora.user.v1 import (
    kyc_pb2,
    user_pb2,
)
from pandora.user.v1 import (
    kyc_service_pb2 as kyc,
)
from pandora.user.v1 import (
    mfa_service_pb2 as mfa,
)
from pandora.user.v1 import (
    session_service_pb2 as session,
)
from pandora.user.v1 import (
    user_service_pb2 as user,
)

_ID = "019a2f60-4444-7aaa-8bbb-c0ffee000004"

ABOUT_A_USER: Mapping[str, Callable[[str], Message]] = {
    "UserService/GetUser": lambda who: user.GetUserRequest(user_id=who),
    "UserService/UpdateUser": lambda who: user.UpdateUserRequest(user_id=who, full_name="A B"),
    "UserService/DeleteUser": lambda who: user.DeleteUserRequest(user_id=who),
    "UserService/RestoreUser": lambda who: user.RestoreUserRequest(user_id=who),
    "UserService/ChangePassword": lambda who: user.ChangePasswordRequest(
        user_id=who, current_password="p" * 15, new_password="q" * 15
    ),
    "UserService/RequestEmailVerification": lambda who: user.RequestEmailVerificationRequest(
        user_id=who
    ),
    "UserService/SetUserRole": lambda who: user.SetUserRoleRequest(
        user_id=who, role=user_pb2.ROLE_SUPPORT
    ),
    "UserService/SuspendUser": lambda who: user.SuspendUserRequest(user_id=who, reason="asked to"),
    "UserService/ReactivateUser": lambda who: user.ReactivateUserRequest(
        user_id=who, reason="asked to"
    ),
    "MfaService/EnrollTotp": lambda who: mfa.EnrollTotpRequest(user_id=who),
    "MfaService/ConfirmTotp": lambda who: mfa.ConfirmTotpRequest(user_id=who, totp_code="123456"),
    "MfaService/DisableTotp": lambda who: mfa.DisableTotpRequest(
        user_id=who, password="p" * 15, totp_code="123456"
    ),
    "SessionService/ListSessions": lambda who: session.ListSessionsRequest(user_id=who),
    "SessionService/RevokeSession": lambda who: session.RevokeSessionRequest(
        user_id=who, session_id=_ID
    ),
    "SessionService/RevokeSessions": lambda who: session.RevokeSessionsRequest(user_id=who),
    "KycService/GetKyc": lambda who: kyc.GetKycRequest(user_id=who),
    "KycService/UpdateKyc": lambda who: kyc.UpdateKycRequest(
        user_id=who, status=kyc_pb2.KYC_STATUS_VERIFIED
    ),
    "KycService/SubmitKyc": lambda who: kyc.SubmitKycRequest(user_id=who),
}
"""RPCs whose request names the user that they are about."""

OTHERS: Mapping[str, Callable[[], Message]] = {
    "AuthService/Register": lambda: auth.RegisterRequest(email="a@b.example", password="p" * 15),
    "AuthService/Login": lambda: auth.LoginRequest(email="a@b.example", password="p" * 15),
    "AuthService/CompleteMfa": lambda: auth.CompleteMfaRequest(
        challenge_token="c", totp_code="123456"
    ),
    "AuthService/RefreshToken": lambda: auth.RefreshTokenRequest(refresh_token="r"),
    "AuthService/Logout": lambda: auth.LogoutRequest(refresh_token="r"),
    "AuthService/IntrospectToken": lambda: auth.IntrospectTokenRequest(token="t"),
    "AuthService/RequestPasswordReset": lambda: auth.RequestPasswordResetRequest(
        email="a@b.example"
    ),
    "AuthService/ResetPassword": lambda: auth.ResetPasswordRequest(
        token="t", new_password="p" * 15
    ),
    "AuthService/ConfirmEmail": lambda: auth.ConfirmEmailRequest(token="t"),
    "AuthService/GetJwks": auth.GetJwksRequest,
    "UserService/GetUserByEmail": lambda: user.GetUserByEmailRequest(email="a@b.example"),
    "UserService/BatchGetUsers": lambda: user.BatchGetUsersRequest(user_ids=[_ID]),
    "UserService/ListUsers": user.ListUsersRequest,
    "KycService/ListKycReviews": kyc.ListKycReviewsRequest,
    "AuditService/ListAuditEvents": audit.ListAuditEventsRequest,
    "AuditService/ExportAuditEvents": audit.ExportAuditEventsRequest,
    "AuditService/VerifyAuditLog": audit.VerifyAuditLogRequest,
}
"""RPCs whose request names no user, or names one only to filter by."""
