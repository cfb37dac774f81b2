"""SessionService over gRPC."""
# ruff: noqa: ARG002, N802 - the contract gives the methods their names and parameters

from uuid import UUID

from core.middleware.call import Context, current_caller
from core.service.use_cases import UseCases
from core.transport.mapping.sessions import to_session
from core.transport.mapping.targets import target_user
from pandora.user.v1 import session_service_pb2 as pb
from pandora.user.v1 import session_service_pb2_grpc


class SessionServicer(session_service_pb2_grpc.SessionServiceServicer):
    """Maps, calls one use case, maps back."""

    def __init__(self, use_cases: UseCases) -> None:
        """Take the use cases."""
        self._use_cases = use_cases

    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: Context
    ) -> pb.ListSessionsResponse:
        """See the contract."""
        caller = current_caller()
        sessions = await self._use_cases.sessions.list_alive(target_user(request.user_id, caller))
        return pb.ListSessionsResponse(
            sessions=[to_session(session, current=caller.session_id) for session in sessions]
        )

    async def RevokeSession(
        self, request: pb.RevokeSessionRequest, context: Context
    ) -> pb.RevokeSessionResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        await self._use_cases.sessions.revoke(target, UUID(request.session_id), caller=caller)
        return pb.RevokeSessionResponse()

    async def RevokeSessions(
        self, request: pb.RevokeSessionsRequest, context: Context
    ) -> pb.RevokeSessionsResponse:
        """See the contract."""
        caller = current_caller()
        revoked = await self._use_cases.sessions.revoke_all(
            target_user(request.user_id, caller),
            keep_current=request.keep_current,
            caller=caller,
        )
        return pb.RevokeSessionsResponse(revoked_count=revoked)
