"""Deleting accounts softly, and restoring them."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import UserNotFound
from core.domain.events import UserDeleted, UserRestored
from core.domain.ports.unit_of_work import Database
from core.domain.session import RevocationCause
from core.domain.user import User
from core.service.account_locks import keep_an_admin, lock_possible_admin
from core.service.recording import Recorder, the_user
from core.service.session_ending import end_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Deletes and restores accounts."""

    database: Database
    recorder: Recorder

    async def delete(self, user_id: UUID, *, caller: Caller) -> User:
        """Delete an account, end its sessions, and free its address.

        Raises:
            UserNotFound: there is no such account, or it is deleted already.
            LastAdmin: it is the last active administrator.
            Conflict: it became an administrator at this moment.
        """
        async with self.database.transaction() as unit:
            user = await lock_possible_admin(unit, user_id)
            await keep_an_admin(unit, user)
            record = self.recorder.begin(unit, caller)
            deleted = await unit.users.soft_delete(user_id, at=record.at)
            await record.event(UserDeleted(user_id=user_id))
            ended = await end_sessions(record, user_id=user_id, cause=RevocationCause.USER_DELETED)
            await record.success(
                AuditAction.DELETE, the_user(user_id), details={"revoked_sessions": ended}
            )
            await unit.commit()
            return deleted

    async def restore(self, user_id: UUID, *, caller: Caller) -> User:
        """Restore a deleted account, as suspended as it was; sessions that ended stay ended.

        Raises:
            UserNotFound: there is no such account.
            EmailAlreadyRegistered: the address was registered anew.
        """
        async with self.database.transaction() as unit:
            user = await unit.users.lock(user_id)
            if user is None:
                raise UserNotFound
            if user.deleted_at is None:
                return user
            record = self.recorder.begin(unit, caller)
            restored = await unit.users.restore(user_id, at=record.at)
            await record.success(AuditAction.RESTORE, the_user(user_id))
            await record.event(UserRestored(user_id=user_id))
            await unit.commit()
            return restored
