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
    "UserService/SetUserRole": lambda who: user.SetUserRoleRequest(
        user_id=who, role=user_pb2.ROLE_SUPPORT
    ),
    "UserService/SuspendUser": lambda who: user.SuspendUserRequest(user_id=who, reason="asked to"),
    "UserService/ReactivateUser": lambda who: user.ReactivateUserRequest(
        user_id=who, reason="asked to"
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
    "AuthService/RefreshToken": lambda: auth.RefreshTokenRequest(refresh_token="r"),
    "AuthService/Logout": lambda: auth.LogoutRequest(refresh_token="r"),
    "AuthService/IntrospectToken": lambda: auth.IntrospectTokenRequest(token="t"),
    "AuthService/GetJwks": auth.GetJwksRequest,
    "UserService/GetUserByEmail": lambda: user.GetUserByEmailRequest(email="a@b.example"),
    "UserService/BatchGetUsers": lambda: user.BatchGetUsersRequest(user_ids=[_ID]),
    "UserService/ListUsers": user.ListUsersRequest,
    "KycService/ListKycReviews": kyc.ListKycReviewsRequest,
    "AuditService/ListAuditEvents": audit.ListAuditEventsRequest,
}
"""RPCs whose request names no user, or names one only to filter by."""
