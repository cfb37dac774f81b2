"""Replacing a password, and what follows from it however it came about."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.events import UserPasswordChanged
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.session import RevocationCause
from core.service.mailing import Mailing
from core.service.recording import Record
from core.service.session_ending import end_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSetting:
    """Stores the hash of a new password and ends what the old one let in."""

    mailing: Mailing

    async def replace(
        self,
        record: Record,
        user_id: UUID,
        hashed_password: str,
        *,
        cause: RevocationCause,
        keep: UUID | None = None,
    ) -> int:
        """Replace the hash, end every session but `keep`, and return how many ended.

        The person's row is locked. A mail that could still set a password is worth nothing from
        now on, and the person is told (OWASP, Forgot Password Cheat Sheet): whoever did not do
        this has to hear of it.
        """
        unit = record.unit
        await unit.users.set_password(user_id, hashed_password=hashed_password, at=record.at)
        await unit.one_time_tokens.supersede(user_id, TokenPurpose.PASSWORD_RESET, at=record.at)
        await record.event(UserPasswordChanged(user_id=user_id))
        ended = await end_sessions(record, user_id=user_id, cause=cause, keep=keep)
        await self.mailing.send(record, user_id, MailTemplate.PASSWORD_CHANGED)
        return ended
