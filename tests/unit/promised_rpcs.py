"""What other programs rely on of each RPC: the table that the protos are compared with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the world relies on of one RPC; `callers` as in the table of the contract.

    `after_recent_login`: about oneself, only in a session that a login of the last minutes opened.
    """

    route: tuple[str, str] | None
    callers: set[str]
    status: int = 200
    never_on_oneself: bool = False
    after_recent_login: bool = False


STAFF = {"support", "compliance", "admin"}
PROMISES = {
    "AuthService.Register": Promise(
        route=("post", "/v1/auth/register"), callers={"anyone"}, status=201
    ),
    "AuthService.Login": Promise(route=("post", "/v1/auth/login"), callers={"anyone"}),
    "AuthService.CompleteMfa": Promise(route=("post", "/v1/auth/mfa"), callers={"anyone"}),
    "AuthService.RefreshToken": Promise(route=("post", "/v1/auth/refresh"), callers={"anyone"}),
    "AuthService.Logout": Promise(route=("post", "/v1/auth/logout"), callers={"anyone"}),
    "AuthService.IntrospectToken": Promise(
        route=("post", "/v1/auth/introspect"), callers={"service", "admin"}
    ),
    "AuthService.RequestPasswordReset": Promise(
        route=("post", "/v1/auth/password-reset"), callers={"anyone"}
    ),
    "AuthService.ResetPassword": Promise(
        route=("post", "/v1/auth/password-reset/confirm"), callers={"anyone"}
    ),
    "AuthService.ConfirmEmail": Promise(
        route=("post", "/v1/auth/email-verification/confirm"), callers={"anyone"}
    ),
    "AuthService.GetJwks": Promise(route=("get", "/.well-known/jwks.json"), callers={"anyone"}),
    "UserService.GetUser": Promise(
        route=("get", "/v1/users/{user_id}"), callers={"self", "service"} | STAFF
    ),
    "UserService.GetUserByEmail": Promise(route=None, callers={"service"} | STAFF),
    "UserService.BatchGetUsers": Promise(route=None, callers={"service", "admin"}),
    "UserService.ListUsers": Promise(route=("get", "/v1/users"), callers=STAFF),
    "UserService.UpdateUser": Promise(
        route=("patch", "/v1/users/{user_id}"), callers={"self", "admin"}
    ),
    "UserService.DeleteUser": Promise(
        route=("delete", "/v1/users/{user_id}"),
        callers={"self", "admin"},
        after_recent_login=True,
    ),
    "UserService.RestoreUser": Promise(
        route=("post", "/v1/users/{user_id}:restore"), callers={"admin"}
    ),
    "UserService.ChangePassword": Promise(
        route=("post", "/v1/users/{user_id}/password"), callers={"self"}, after_recent_login=True
    ),
    "UserService.RequestEmailVerification": Promise(
        route=("post", "/v1/users/{user_id}/email-verification"), callers={"self"}
    ),
    "UserService.SetUserRole": Promise(
        route=("put", "/v1/users/{user_id}/role"), callers={"admin"}, never_on_oneself=True
    ),
    "UserService.SuspendUser": Promise(
        route=("post", "/v1/users/{user_id}:suspend"),
        callers={"compliance", "admin"},
        never_on_oneself=True,
    ),
    "UserService.ReactivateUser": Promise(
        route=("post", "/v1/users/{user_id}:reactivate"),
        callers={"compliance", "admin"},
        never_on_oneself=True,
    ),
    "MfaService.EnrollTotp": Promise(
        route=("post", "/v1/users/{user_id}/mfa/totp"), callers={"self"}, after_recent_login=True
    ),
    "MfaService.ConfirmTotp": Promise(
        route=("post", "/v1/users/{user_id}/mfa/totp:confirm"),
        callers={"self"},
        after_recent_login=True,
    ),
    "MfaService.DisableTotp": Promise(
        route=("post", "/v1/users/{user_id}/mfa/totp:disable"),
        callers={"self"},
        after_recent_login=True,
    ),
    "SessionService.ListSessions": Promise(
        route=("get", "/v1/users/{user_id}/sessions"), callers={"self"} | STAFF
    ),
    "SessionService.RevokeSession": Promise(
        route=("delete", "/v1/users/{user_id}/sessions/{session_id}"), callers={"self", "admin"}
    ),
    "SessionService.RevokeSessions": Promise(
        route=("post", "/v1/users/{user_id}/sessions:revoke"), callers={"self", "admin"}
    ),
    "KycService.GetKyc": Promise(
        route=("get", "/v1/users/{user_id}/kyc"),
        callers={"self", "compliance", "admin", "service"},
    ),
    "KycService.UpdateKyc": Promise(
        route=("put", "/v1/users/{user_id}/kyc"),
        callers={"compliance", "admin", "service"},
        never_on_oneself=True,
    ),
    "KycService.SubmitKyc": Promise(
        route=("post", "/v1/users/{user_id}/kyc:submit"), callers={"self"}
    ),
    "KycService.ListKycReviews": Promise(
        route=("get", "/v1/kyc/reviews"), callers={"compliance", "admin"}
    ),
    "AuditService.ExportAuditEvents": Promise(
        route=("get", "/v1/audit-events:export"), callers={"compliance", "admin"}
    ),
    "AuditService.VerifyAuditLog": Promise(
        route=("post", "/v1/audit-events:verify"), callers={"compliance", "admin"}
    ),
    "AuditService.ListAuditEvents": Promise(
        route=("get", "/v1/audit-events"), callers={"compliance", "admin"}
    ),
}
