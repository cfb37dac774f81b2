"""Changing a profile."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.events import UserUpdated
from core.domain.full_name import parse_full_name
from core.domain.ports.unit_of_work import Database
from core.domain.user import User
from core.service.account_locks import lock_account
from core.service.recording import Recorder, the_user

_FULL_NAME = "full_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Changes what people say about themselves."""

    database: Database
    recorder: Recorder

    async def update(self, user_id: UUID, *, full_name: str | None, caller: Caller) -> User:
        """Change the full name: None leaves it, a blank one removes it.

        What changes nothing leaves no trace.

        Raises:
            ValidationFailed: the name is no name.
            UserNotFound: there is no such account, or it is deleted.
        """
        wanted = parse_full_name(full_name)
        async with self.database.transaction() as unit:
            user = await lock_account(unit, user_id)
            if full_name is None or wanted == user.full_name:
                return user
            record = self.recorder.begin(unit, caller)
            changed = await unit.users.update_profile(user_id, full_name=wanted, at=record.at)
            await record.success(
                AuditAction.UPDATE, the_user(user_id), details={"changed_fields": _FULL_NAME}
            )
            await record.event(UserUpdated(user_id=user_id, changed_fields=(_FULL_NAME,)))
            await unit.commit()
            return changed
