"""For each RPC that takes an idempotency key, a call that changes something."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from google.protobuf.message import Message

from core.crypto.one_time_tokens import DerivedOneTimeTokens
from core.domain.one_time_token import TokenPurpose
from core.domain.user import Role
from core.service.use_cases import UseCases
from pandora.user.v1 import auth_service_pb2 as auth
from pandora.user.v1 import kyc_pb2, user_pb2
from pandora.user.v1 import kyc_service_pb2 as kyc
from pandora.user.v1 import mfa_service_pb2 as mfa
from pandora.user.v1 import session_service_pb2 as session
from pandora.user.v1 import user_service_pb2 as user
from tests.e2e.authenticator import Authenticator
from tests.fakes.world import PASSWORD
from tests.integration.grpc_core import ONE_TIME_TOKEN_KEY, person
from tests.servers import Database
from tests.unit.transport.core_server import Metadata, Person, ServedCore

NEW_PASSWORD = "another horse, another battery"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A core on a database, an administrator, and Ada, whom each call is about."""

    core: ServedCore
    use_cases: UseCases
    database: Database
    admin: Person
    ada: Person

    def mailed_token(self, purpose: TokenPurpose) -> str:
        """Return the token of the last mail to Ada."""
        with psycopg.connect(self.database.owner_dsn) as connection:
            row = connection.execute(
                "SELECT id FROM one_time_tokens WHERE user_id = %s AND purpose = %s"
                " ORDER BY created_at DESC LIMIT 1",
                (self.ada.user.id, purpose.value),
            ).fetchone()
        assert row is not None
        return DerivedOneTimeTokens([ONE_TIME_TOKEN_KEY]).derive(row[0], purpose)


Prepared = tuple[Message, Metadata]
Prepare = Callable[[Stage], Awaitable[Prepared]]


async def new_stage(core: ServedCore, use_cases: UseCases, database: Database) -> Stage:
    name = uuid.uuid4().hex
    return Stage(
        core=core,
        use_cases=use_cases,
        database=database,
        admin=await person(use_cases, f"root.{name}@example.com", Role.ADMIN),
        ada=await person(use_cases, f"ada.{name}@example.com"),
    )


async def _make(call: Any, prepared: Prepared) -> None:  # noqa: ANN401 - any stub
    request, credentials = prepared
    await call(request, metadata=credentials)


async def _register(_: Stage) -> Prepared:
    email = f"eve.{uuid.uuid4().hex}@example.com"
    return auth.RegisterRequest(email=email, password=PASSWORD, full_name="Eve"), ()


async def _log_out(stage: Stage) -> Prepared:
    return auth.LogoutRequest(refresh_token=stage.ada.login.tokens.refresh_token), ()


async def _request_reset(stage: Stage) -> Prepared:
    return auth.RequestPasswordResetRequest(email=stage.ada.user.email), ()


async def _reset(stage: Stage) -> Prepared:
    await _make(stage.core.auth.RequestPasswordReset, await _request_reset(stage))
    token = stage.mailed_token(TokenPurpose.PASSWORD_RESET)
    return auth.ResetPasswordRequest(token=token, new_password=NEW_PASSWORD), ()


async def _request_verification(stage: Stage) -> Prepared:
    return user.RequestEmailVerificationRequest(user_id="me"), stage.ada.credentials


async def _confirm_email(stage: Stage) -> Prepared:
    await _make(stage.core.users.RequestEmailVerification, await _request_verification(stage))
    return auth.ConfirmEmailRequest(token=stage.mailed_token(TokenPurpose.EMAIL_VERIFICATION)), ()


async def _update(stage: Stage) -> Prepared:
    return user.UpdateUserRequest(user_id="me", full_name="Ada L."), stage.ada.credentials


async def _delete(stage: Stage) -> Prepared:
    return user.DeleteUserRequest(user_id=stage.ada.id), stage.admin.credentials


async def _restore(stage: Stage) -> Prepared:
    await _make(stage.core.users.DeleteUser, await _delete(stage))
    return user.RestoreUserRequest(user_id=stage.ada.id), stage.admin.credentials


async def _change_password(stage: Stage) -> Prepared:
    request = user.ChangePasswordRequest(
        user_id="me", current_password=PASSWORD, new_password=NEW_PASSWORD
    )
    return request, stage.ada.credentials


async def _set_role(stage: Stage) -> Prepared:
    request = user.SetUserRoleRequest(user_id=stage.ada.id, role=user_pb2.ROLE_SUPPORT)
    return request, stage.admin.credentials


async def _suspend(stage: Stage) -> Prepared:
    request = user.SuspendUserRequest(user_id=stage.ada.id, reason="asked to")
    return request, stage.admin.credentials


async def _reactivate(stage: Stage) -> Prepared:
    await _make(stage.core.users.SuspendUser, await _suspend(stage))
    request = user.ReactivateUserRequest(user_id=stage.ada.id, reason="cleared")
    return request, stage.admin.credentials


async def _disable_totp(stage: Stage) -> Prepared:
    shown = await stage.core.mfa.EnrollTotp(
        mfa.EnrollTotpRequest(user_id="me"), metadata=stage.ada.credentials
    )
    app = Authenticator(shown.secret)
    confirmation = mfa.ConfirmTotpRequest(user_id="me", totp_code=await app.code())
    codes = await stage.core.mfa.ConfirmTotp(confirmation, metadata=stage.ada.credentials)
    request = mfa.DisableTotpRequest(
        user_id="me", password=PASSWORD, recovery_code=codes.recovery_codes[0]
    )
    return request, stage.ada.credentials


async def _revoke_session(stage: Stage) -> Prepared:
    request = session.RevokeSessionRequest(user_id=stage.ada.id, session_id=stage.ada.session_id)
    return request, stage.admin.credentials


async def _revoke_sessions(stage: Stage) -> Prepared:
    return session.RevokeSessionsRequest(user_id=stage.ada.id), stage.admin.credentials


async def _review(stage: Stage) -> Prepared:
    request = kyc.UpdateKycRequest(
        user_id=stage.ada.id, status=kyc_pb2.KYC_STATUS_REJECTED, reason="unreadable"
    )
    return request, stage.admin.credentials


async def _submit(stage: Stage) -> Prepared:
    await _make(stage.core.kyc.UpdateKyc, await _review(stage))
    return kyc.SubmitKycRequest(user_id="me"), stage.ada.credentials


KEYED_RPCS: Mapping[str, Prepare] = {
    "AuthService/Register": _register,
    "AuthService/Logout": _log_out,
    "AuthService/RequestPasswordReset": _request_reset,
    "AuthService/ResetPassword": _reset,
    "AuthService/ConfirmEmail": _confirm_email,
    "UserService/UpdateUser": _update,
    "UserService/DeleteUser": _delete,
    "UserService/RestoreUser": _restore,
    "UserService/ChangePassword": _change_password,
    "UserService/RequestEmailVerification": _request_verification,
    "UserService/SetUserRole": _set_role,
    "UserService/SuspendUser": _suspend,
    "UserService/ReactivateUser": _reactivate,
    "MfaService/DisableTotp": _disable_totp,
    "SessionService/RevokeSession": _revoke_session,
    "SessionService/RevokeSessions": _revoke_sessions,
    "KycService/UpdateKyc": _review,
    "KycService/SubmitKyc": _submit,
}
