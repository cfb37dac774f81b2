"""What staff decide about accounts: roles and suspensions."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import ValidationFailed, Violation
from core.domain.events import UserReactivated, UserRoleChanged, UserSuspended
from core.domain.ports.unit_of_work import Database
from core.domain.session import RevocationCause
from core.domain.user import Role, User
from core.service.account_locks import keep_an_admin, lock_account, lock_possible_admin
from core.service.account_opening import AccountOpening, Application
from core.service.recording import Recorder, the_user
from core.service.session_ending import end_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """Changes what accounts may do. An account that is as it should be is left alone."""

    database: Database
    opening: AccountOpening
    recorder: Recorder

    async def create_admin(
        self, *, email: str, password: str, full_name: str | None, caller: Caller
    ) -> User:
        """Make an administrator.

        Raises:
            ValidationFailed: the address has not the shape of one, or the name is no name.
            PasswordTooWeak: the policy refuses the password.
            EmailAlreadyRegistered: an account that is not deleted has this address.
        """
        application = Application(
            email=email, password=password, full_name=full_name, role=Role.ADMIN
        )
        return await self.opening.open(application, caller)

    async def set_role(self, user_id: UUID, *, role: Role, caller: Caller) -> User:
        """Give an account another role; it counts from the next call on, sessions go on.

        Raises:
            ValidationFailed: the role is no role for an account.
            UserNotFound: there is no such account, or it is deleted.
            LastAdmin: it is the last active administrator.
            Conflict: it became an administrator at this moment.
        """
        if role is Role.SERVICE:
            message = "is not given to an account"
            raise ValidationFailed(Violation("role", "role.account", message))
        async with self.database.transaction() as unit:
            user = await lock_possible_admin(unit, user_id)
            if user.role is role:
                return user
            await keep_an_admin(unit, user)
            record = self.recorder.begin(unit, caller)
            changed = await unit.users.set_role(user_id, role=role, at=record.at)
            details = {"previous_role": user.role.value, "role": role.value}
            await record.success(AuditAction.SET_ROLE, the_user(user_id), details=details)
            await record.event(UserRoleChanged(user_id=user_id, previous_role=user.role, role=role))
            await unit.commit()
            return changed

    async def suspend(self, user_id: UUID, *, reason: str, caller: Caller) -> User:
        """Suspend an account and end its sessions.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            LastAdmin: it is the last active administrator.
            Conflict: it became an administrator at this moment.
        """
        async with self.database.transaction() as unit:
            user = await lock_possible_admin(unit, user_id)
            if user.suspended_at is not None:
                return user
            await keep_an_admin(unit, user)
            record = self.recorder.begin(unit, caller)
            suspended = await unit.users.set_suspended(user_id, suspended=True, at=record.at)
            await record.event(UserSuspended(user_id=user_id))
            ended = await end_sessions(
                record, user_id=user_id, cause=RevocationCause.USER_SUSPENDED
            )
            await record.success(
                AuditAction.SUSPEND,
                the_user(user_id),
                reason=reason,
                details={"revoked_sessions": ended},
            )
            await unit.commit()
            return suspended

    async def reactivate(self, user_id: UUID, *, reason: str, caller: Caller) -> User:
        """End a suspension.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
        """
        async with self.database.transaction() as unit:
            user = await lock_account(unit, user_id)
            if user.suspended_at is None:
                return user
            record = self.recorder.begin(unit, caller)
            active = await unit.users.set_suspended(user_id, suspended=False, at=record.at)
            await record.success(AuditAction.REACTIVATE, the_user(user_id), reason=reason)
            await record.event(UserReactivated(user_id=user_id))
            await unit.commit()
            return active
