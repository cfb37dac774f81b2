"""Setting a password anew with the token of a mail."""

from dataclasses import dataclass
from functools import partial

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.email_address import email_key, presented_key
from core.domain.errors import OneTimeTokenInvalid, UserNotFound
from core.domain.mail import MailTemplate
from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.domain.ports.clock import Clock, IdGenerator
from core.domain.ports.crypto import OneTimeTokenMint, PasswordHasher
from core.domain.ports.unit_of_work import Database
from core.domain.session import RevocationCause
from core.service.answer_floor import no_sooner_than
from core.service.deferral import after_commit
from core.service.login_throttling import LoginThrottling
from core.service.mailing import Mailing
from core.service.password_setting import PasswordSetting
from core.service.password_vetting import PasswordVetting
from core.service.recording import Recorder, some_user, the_user
from core.service.token_redemption import hold_holder, holder_id, redeem

_PURPOSE = TokenPurpose.PASSWORD_RESET
_FIELD = "new_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset:
    """Lets people back in who have forgotten their password but still read their mail."""

    database: Database
    hasher: PasswordHasher
    vetting: PasswordVetting
    tokens: OneTimeTokenMint
    mailing: Mailing
    setting: PasswordSetting
    throttling: LoginThrottling
    recorder: Recorder
    least_answer_seconds: float
    clock: Clock
    ids: IdGenerator

    async def request(self, *, email: str, caller: Caller) -> None:
        """Write the mail, if there is such an account; nobody is told whether there is.

        Each statement runs for every address, be it unknown, deleted or none at all: an id that
        nobody has stands in, for which they find nothing and store nothing. A suspended account
        gets its mail, for it is still its person's; the suspension stays. What storing something
        takes longer than storing nothing does not show in the time of the answer.
        """
        async with no_sooner_than(self.least_answer_seconds):
            await self._request(email, caller)

    async def _request(self, email: str, caller: Caller) -> None:
        key = presented_key(email)
        async with self.database.transaction() as unit:
            found = await unit.users.get_by_email(key)
            nobody = self.ids.new_id()
            user_id = nobody if found is None else found.id
            holder = await unit.users.lock(user_id)
            record = self.recorder.begin(unit, caller)
            await self.mailing.send_token(record, user_id, _PURPOSE, MailTemplate.PASSWORD_RESET)
            if holder is None:
                await record.refused(
                    AuditAction.PASSWORD_RESET_REQUEST, some_user(), UserNotFound()
                )
                return
            await record.success(AuditAction.PASSWORD_RESET_REQUEST, the_user(holder.id))
            await unit.commit()

    async def reset(self, *, token: str, new_password: str, caller: Caller) -> None:
        """Set the password and end every session of the account; logins are not throttled any more.

        Nobody is logged in by it: the next login asks for a second factor where there is one. A
        password that the policy refuses leaves the token as it is.

        Raises:
            OneTimeTokenInvalid: the token is unknown, used, superseded or too old.
            PasswordTooWeak: the policy refuses the new password.
            ServerBusy: too many passwords wait to be hashed.
        """
        digest = self.tokens.digest(token)
        async with self.database.reading() as stored:
            known = await stored.one_time_tokens.get(digest)
        hashed_password = await self._hash(known, new_password)
        async with self.database.transaction() as unit:
            holder = await hold_holder(unit, known)
            record = self.recorder.begin(unit, caller)
            if (
                known is None
                or holder is None
                or hashed_password is None
                or not await redeem(record, known, _PURPOSE)
            ):
                raise await record.refused(
                    AuditAction.PASSWORD_RESET, some_user(holder_id(known)), OneTimeTokenInvalid()
                )
            record = record.by(holder.id)
            ended = await self.setting.replace(
                record, holder.id, hashed_password, cause=RevocationCause.PASSWORD_RESET
            )
            await record.success(
                AuditAction.PASSWORD_RESET,
                the_user(holder.id),
                details={"revoked_sessions": ended},
            )
            await self.throttling.reopen(unit, email_key(holder.email))
            await unit.commit()
        await after_commit(partial(self.throttling.reopened, email_key(holder.email)))

    async def _hash(self, token: OneTimeToken | None, new_password: str) -> str | None:
        """Return the hash of a password that may be set; None spares a bad token the work."""
        if token is None or not token.serves(_PURPOSE, self.clock.now()):
            return None
        async with self.database.reading() as stored:
            holder = await stored.users.get_by_id(token.user_id)
        if holder is None:
            return None
        await self.vetting.vet(new_password, email=holder.email, field_name=_FIELD)
        return await self.hasher.hash(new_password)
