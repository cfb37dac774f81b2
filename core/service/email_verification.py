"""Proving that an address is its person's."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import OneTimeTokenInvalid
from core.domain.events import UserEmailVerified
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.ports.crypto import OneTimeTokenMint
from core.domain.ports.unit_of_work import Database
from core.domain.user import User
from core.service.account_locks import lock_account
from core.service.mailing import Mailing
from core.service.recording import Recorder, some_user, the_user
from core.service.token_redemption import hold_holder, holder_id, redeem

_PURPOSE = TokenPurpose.EMAIL_VERIFICATION


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerification:
    """Sends mails with a token, and believes whoever brings one back."""

    database: Database
    tokens: OneTimeTokenMint
    mailing: Mailing
    recorder: Recorder

    async def request(self, user_id: UUID, *, caller: Caller) -> None:
        """Write the mail; an address that is verified already needs none, and leaves no trace.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
        """
        async with self.database.transaction() as unit:
            user = await lock_account(unit, user_id)
            if user.email_verified:
                return
            record = self.recorder.begin(unit, caller)
            await self.mailing.send_token(
                record, user_id, _PURPOSE, MailTemplate.EMAIL_VERIFICATION
            )
            await record.success(AuditAction.EMAIL_VERIFICATION_REQUEST, the_user(user_id))
            await unit.commit()

    async def confirm(self, *, token: str, caller: Caller) -> User:
        """Record that the address is verified.

        Raises:
            OneTimeTokenInvalid: the token is unknown, used, superseded or too old.
        """
        digest = self.tokens.digest(token)
        async with self.database.transaction() as unit:
            known = await unit.one_time_tokens.get(digest)
            holder = await hold_holder(unit, known)
            record = self.recorder.begin(unit, caller)
            if known is None or holder is None or not await redeem(record, known, _PURPOSE):
                raise await record.refused(
                    AuditAction.EMAIL_VERIFY, some_user(holder_id(known)), OneTimeTokenInvalid()
                )
            record = record.by(holder.id)
            verified = await unit.users.set_email_verified(holder.id, at=record.at)
            await record.success(AuditAction.EMAIL_VERIFY, the_user(holder.id))
            await record.event(UserEmailVerified(user_id=holder.id))
            await unit.commit()
            return verified
