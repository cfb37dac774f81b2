"""AuthService over gRPC."""
# ruff: noqa: ARG002, N802 - the contract gives the methods their names and parameters

from collections.abc import Callable, Sequence

from core.domain.access_token import PublicKey
from core.middleware.authentication import bearer_token
from core.middleware.call import Context, current_call, current_caller
from core.service.use_cases import UseCases
from core.transport.mapping.proofs import to_proof
from core.transport.mapping.tokens import (
    to_complete_mfa_response,
    to_introspection,
    to_jwks,
    to_login_response,
    to_refresh_response,
)
from core.transport.mapping.users import to_user
from pandora.user.v1 import auth_service_pb2 as pb
from pandora.user.v1 import auth_service_pb2_grpc


class AuthServicer(auth_service_pb2_grpc.AuthServiceServicer):
    """Maps, calls one use case, maps back."""

    def __init__(self, use_cases: UseCases, public_keys: Callable[[], Sequence[PublicKey]]) -> None:
        """Take the use cases, and where the keys are found that tokens are verified with."""
        self._use_cases = use_cases
        self._public_keys = public_keys

    async def Register(self, request: pb.RegisterRequest, context: Context) -> pb.RegisterResponse:
        """See the contract."""
        user = await self._use_cases.users.register(
            email=request.email,
            password=request.password,
            full_name=request.full_name if request.HasField("full_name") else None,
            caller=current_caller(),
        )
        return pb.RegisterResponse(user=None if user is None else to_user(user))

    async def Login(self, request: pb.LoginRequest, context: Context) -> pb.LoginResponse:
        """See the contract."""
        result = await self._use_cases.users.login(
            email=request.email, password=request.password, caller=current_caller()
        )
        return to_login_response(result)

    async def CompleteMfa(
        self, request: pb.CompleteMfaRequest, context: Context
    ) -> pb.CompleteMfaResponse:
        """See the contract."""
        result = await self._use_cases.mfa_completion.complete(
            challenge_token=request.challenge_token,
            proof=to_proof(request),
            caller=current_caller(),
        )
        return to_complete_mfa_response(result)

    async def RefreshToken(
        self, request: pb.RefreshTokenRequest, context: Context
    ) -> pb.RefreshTokenResponse:
        """See the contract."""
        tokens = await self._use_cases.refresh.refresh(
            refresh_token=request.refresh_token,
            request_id=request.request_id if request.HasField("request_id") else None,
            caller=current_caller(),
        )
        return to_refresh_response(tokens)

    async def Logout(self, request: pb.LogoutRequest, context: Context) -> pb.LogoutResponse:
        """See the contract; a bearer token counts only where there is no refresh token."""
        has_refresh_token = request.HasField("refresh_token")
        await self._use_cases.logout.logout(
            refresh_token=request.refresh_token if has_refresh_token else None,
            access_token=None if has_refresh_token else bearer_token(current_call()),
            caller=current_caller(),
        )
        return pb.LogoutResponse()

    async def IntrospectToken(
        self, request: pb.IntrospectTokenRequest, context: Context
    ) -> pb.IntrospectTokenResponse:
        """See the contract."""
        return to_introspection(await self._use_cases.introspection.introspect(request.token))

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Context
    ) -> pb.RequestPasswordResetResponse:
        """See the contract."""
        await self._use_cases.password_reset.request(email=request.email, caller=current_caller())
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(
        self, request: pb.ResetPasswordRequest, context: Context
    ) -> pb.ResetPasswordResponse:
        """See the contract."""
        await self._use_cases.password_reset.reset(
            token=request.token, new_password=request.new_password, caller=current_caller()
        )
        return pb.ResetPasswordResponse()

    async def ConfirmEmail(
        self, request: pb.ConfirmEmailRequest, context: Context
    ) -> pb.ConfirmEmailResponse:
        """See the contract."""
        user = await self._use_cases.email_verification.confirm(
            token=request.token, caller=current_caller()
        )
        return pb.ConfirmEmailResponse(user=to_user(user))

    async def GetJwks(self, request: pb.GetJwksRequest, context: Context) -> pb.GetJwksResponse:
        """See the contract."""
        return to_jwks(self._public_keys())
