"""MfaService over gRPC."""
# ruff: noqa: ARG002, N802 - the contract gives the methods their names and parameters

from core.middleware.call import Context, current_caller
from core.service.use_cases import UseCases
from core.transport.mapping.proofs import to_proof
from core.transport.mapping.targets import target_user
from pandora.user.v1 import mfa_service_pb2 as pb
from pandora.user.v1 import mfa_service_pb2_grpc


class MfaServicer(mfa_service_pb2_grpc.MfaServiceServicer):
    """Maps, calls one use case, maps back."""

    def __init__(self, use_cases: UseCases) -> None:
        """Take the use cases."""
        self._use_cases = use_cases

    async def EnrollTotp(
        self, request: pb.EnrollTotpRequest, context: Context
    ) -> pb.EnrollTotpResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        shown = await self._use_cases.mfa_enrolment.enroll(target, caller=caller)
        return pb.EnrollTotpResponse(secret=shown.secret, otpauth_uri=shown.otpauth_uri)

    async def ConfirmTotp(
        self, request: pb.ConfirmTotpRequest, context: Context
    ) -> pb.ConfirmTotpResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        codes = await self._use_cases.mfa_enrolment.confirm(
            target, code=request.totp_code, caller=caller
        )
        return pb.ConfirmTotpResponse(recovery_codes=[code.text for code in codes])

    async def DisableTotp(
        self, request: pb.DisableTotpRequest, context: Context
    ) -> pb.DisableTotpResponse:
        """See the contract."""
        caller = current_caller()
        await self._use_cases.mfa_removal.disable(
            target_user(request.user_id, caller),
            password=request.password,
            proof=to_proof(request),
            caller=caller,
        )
        return pb.DisableTotpResponse()
