"""KycService over gRPC."""
# ruff: noqa: ARG002, N802 - the contract gives the methods their names and parameters

from core.middleware.call import Context, current_caller
from core.service.use_cases import UseCases
from core.transport.mapping.enums import KYC_STATUSES
from core.transport.mapping.kyc import to_kyc, to_review
from core.transport.mapping.targets import target_user
from pandora.user.v1 import kyc_service_pb2 as pb
from pandora.user.v1 import kyc_service_pb2_grpc


class KycServicer(kyc_service_pb2_grpc.KycServiceServicer):
    """Maps, calls one use case, maps back."""

    def __init__(self, use_cases: UseCases) -> None:
        """Take the use cases."""
        self._use_cases = use_cases

    async def GetKyc(self, request: pb.GetKycRequest, context: Context) -> pb.GetKycResponse:
        """See the contract."""
        target = target_user(request.user_id, current_caller())
        kyc, history = await self._use_cases.kyc.get(target)
        return pb.GetKycResponse(kyc=to_kyc(kyc), history=map(to_review, history))

    async def UpdateKyc(
        self, request: pb.UpdateKycRequest, context: Context
    ) -> pb.UpdateKycResponse:
        """See the contract."""
        caller = current_caller()
        kyc = await self._use_cases.users.update_kyc(
            target_user(request.user_id, caller),
            status=KYC_STATUSES.from_wire(request.status),
            reason=request.reason if request.HasField("reason") else None,
            caller=caller,
        )
        return pb.UpdateKycResponse(kyc=to_kyc(kyc))

    async def SubmitKyc(
        self, request: pb.SubmitKycRequest, context: Context
    ) -> pb.SubmitKycResponse:
        """See the contract."""
        caller = current_caller()
        kyc = await self._use_cases.kyc.submit(target_user(request.user_id, caller), caller=caller)
        return pb.SubmitKycResponse(kyc=to_kyc(kyc))

    async def ListKycReviews(
        self, request: pb.ListKycReviewsRequest, context: Context
    ) -> pb.ListKycReviewsResponse:
        """See the contract."""
        page = await self._use_cases.kyc.list_page(
            status=KYC_STATUSES.from_wire(request.status) if request.HasField("status") else None,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListKycReviewsResponse(
            reviews=map(to_review, page.items), next_page_token=page.next_page_token
        )
