"""AuditService over gRPC."""
# ruff: noqa: ARG002, N802 - the contract gives the methods their names and parameters

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.middleware.call import Context, current_caller
from core.service.use_cases import UseCases
from core.transport.mapping.audit import from_audit_filter, to_audit_event
from pandora.user.v1 import audit_service_pb2 as pb
from pandora.user.v1 import audit_service_pb2_grpc


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    """Maps, calls one use case, maps back."""

    def __init__(self, use_cases: UseCases) -> None:
        """Take the use cases."""
        self._use_cases = use_cases

    async def ListAuditEvents(
        self, request: pb.ListAuditEventsRequest, context: Context
    ) -> pb.ListAuditEventsResponse:
        """See the contract."""
        page = await self._use_cases.audit.list_page(
            from_audit_filter(request),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListAuditEventsResponse(
            events=map(to_audit_event, page.items), next_page_token=page.next_page_token
        )

    async def ExportAuditEvents(
        self, request: pb.ExportAuditEventsRequest, context: Context
    ) -> AsyncGenerator[pb.ExportAuditEventsResponse, None]:
        """See the contract."""
        rows = self._use_cases.audit_export.rows(
            from_audit_filter(request), caller=current_caller()
        )
        async with aclosing(rows):
            async for event in rows:
                yield pb.ExportAuditEventsResponse(event=to_audit_event(event))

    async def VerifyAuditLog(
        self, request: pb.VerifyAuditLogRequest, context: Context
    ) -> pb.VerifyAuditLogResponse:
        """See the contract."""
        report = await self._use_cases.audit_verification.verify()
        return pb.VerifyAuditLogResponse(
            valid=report.valid,
            checked_count=report.checked_count,
            first_invalid_sequence=report.first_invalid_sequence,
            sealed_sequence=report.sealed_sequence,
            seal_hash=report.seal_hash,
            reason=report.reason,
        )
