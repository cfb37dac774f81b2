"""UserService over gRPC."""
# ruff: noqa: ARG002, N802 - the contract gives the methods their names and parameters

from uuid import UUID

from core.middleware.call import Context, current_caller
from core.service.use_cases import UseCases
from core.transport.mapping.enums import ROLES
from core.transport.mapping.targets import target_user
from core.transport.mapping.users import from_user_filter, to_user
from pandora.user.v1 import user_service_pb2 as pb
from pandora.user.v1 import user_service_pb2_grpc


class UserServicer(user_service_pb2_grpc.UserServiceServicer):
    """Maps, calls one use case, maps back."""

    def __init__(self, use_cases: UseCases) -> None:
        """Take the use cases."""
        self._use_cases = use_cases

    async def GetUser(self, request: pb.GetUserRequest, context: Context) -> pb.GetUserResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        # Whoever asks after themselves has been read a moment ago, to be let in.
        user = caller.own_account(target) or await self._use_cases.users.get_by_id(target)
        return pb.GetUserResponse(user=to_user(user))

    async def GetUserByEmail(
        self, request: pb.GetUserByEmailRequest, context: Context
    ) -> pb.GetUserByEmailResponse:
        """See the contract."""
        user = await self._use_cases.accounts.get_by_email(request.email)
        return pb.GetUserByEmailResponse(user=to_user(user))

    async def BatchGetUsers(
        self, request: pb.BatchGetUsersRequest, context: Context
    ) -> pb.BatchGetUsersResponse:
        """See the contract."""
        wanted = list(dict.fromkeys(map(UUID, request.user_ids)))
        users = await self._use_cases.accounts.get_many(wanted)
        found = {user.id for user in users}
        return pb.BatchGetUsersResponse(
            users=map(to_user, users),
            missing_ids=[str(user_id) for user_id in wanted if user_id not in found],
        )

    async def ListUsers(
        self, request: pb.ListUsersRequest, context: Context
    ) -> pb.ListUsersResponse:
        """See the contract."""
        page = await self._use_cases.accounts.list_page(
            from_user_filter(request),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListUsersResponse(
            users=map(to_user, page.items), next_page_token=page.next_page_token
        )

    async def UpdateUser(
        self, request: pb.UpdateUserRequest, context: Context
    ) -> pb.UpdateUserResponse:
        """See the contract."""
        caller = current_caller()
        user = await self._use_cases.profile.update(
            target_user(request.user_id, caller),
            full_name=request.full_name if request.HasField("full_name") else None,
            caller=caller,
        )
        return pb.UpdateUserResponse(user=to_user(user))

    async def DeleteUser(
        self, request: pb.DeleteUserRequest, context: Context
    ) -> pb.DeleteUserResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        user = await self._use_cases.deletion.delete(target, caller=caller)
        return pb.DeleteUserResponse(user=to_user(user))

    async def RestoreUser(
        self, request: pb.RestoreUserRequest, context: Context
    ) -> pb.RestoreUserResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        user = await self._use_cases.deletion.restore(target, caller=caller)
        return pb.RestoreUserResponse(user=to_user(user))

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: Context
    ) -> pb.ChangePasswordResponse:
        """See the contract."""
        caller = current_caller()
        await self._use_cases.password_change.change(
            target_user(request.user_id, caller),
            current_password=request.current_password,
            new_password=request.new_password,
            caller=caller,
        )
        return pb.ChangePasswordResponse()

    async def RequestEmailVerification(
        self, request: pb.RequestEmailVerificationRequest, context: Context
    ) -> pb.RequestEmailVerificationResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        await self._use_cases.email_verification.request(target, caller=caller)
        return pb.RequestEmailVerificationResponse()

    async def SetUserRole(
        self, request: pb.SetUserRoleRequest, context: Context
    ) -> pb.SetUserRoleResponse:
        """See the contract."""
        caller = current_caller()
        user = await self._use_cases.administration.set_role(
            target_user(request.user_id, caller),
            role=ROLES.from_wire(request.role),
            caller=caller,
        )
        return pb.SetUserRoleResponse(user=to_user(user))

    async def SuspendUser(
        self, request: pb.SuspendUserRequest, context: Context
    ) -> pb.SuspendUserResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        user = await self._use_cases.administration.suspend(
            target, reason=request.reason, caller=caller
        )
        return pb.SuspendUserResponse(user=to_user(user))

    async def ReactivateUser(
        self, request: pb.ReactivateUserRequest, context: Context
    ) -> pb.ReactivateUserResponse:
        """See the contract."""
        caller = current_caller()
        target = target_user(request.user_id, caller)
        user = await self._use_cases.administration.reactivate(
            target, reason=request.reason, caller=caller
        )
        return pb.ReactivateUserResponse(user=to_user(user))
