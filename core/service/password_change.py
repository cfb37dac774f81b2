"""Changing one's own password."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import Conflict, InvalidCredentials, UserNotFound
from core.domain.ports.crypto import PasswordHasher
from core.domain.ports.unit_of_work import Database
from core.domain.session import RevocationCause
from core.domain.throttling import Attempt, Standing
from core.domain.user import Credentials
from core.service.account_locks import lock_account
from core.service.login_throttling import LoginThrottling
from core.service.password_setting import PasswordSetting
from core.service.password_vetting import PasswordVetting
from core.service.recording import Recorder, the_user

_FIELD = "new_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChange:
    """Changes passwords of people who know the one that they have."""

    database: Database
    hasher: PasswordHasher
    vetting: PasswordVetting
    setting: PasswordSetting
    throttling: LoginThrottling
    recorder: Recorder

    async def change(
        self, user_id: UUID, *, current_password: str, new_password: str, caller: Caller
    ) -> None:
        """Replace the password and end every session but the caller's own.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            PasswordTooWeak: the policy refuses the new password.
            InvalidCredentials: the current password is wrong.
            LoginThrottled: there were too many failures; the password was not looked at.
            Conflict: the password was replaced at this moment.
            ServerBusy: too many passwords wait to be verified or hashed.
        """
        known, standing = await self._read(user_id, caller)
        await self.vetting.vet(new_password, email=known.user.email, field_name=_FIELD)
        attempt = await self.throttling.admit(
            standing,
            action=AuditAction.PASSWORD_CHANGE,
            affected=the_user(user_id),
            caller=caller,
        )
        async with self.throttling.judging(attempt):
            await self._replace(known, current_password, new_password, attempt, caller)
        await self.throttling.succeed(attempt)

    async def _replace(
        self,
        known: Credentials,
        current_password: str,
        new_password: str,
        attempt: Attempt,
        caller: Caller,
    ) -> None:
        user_id = known.user.id
        # Both take their time on purpose; neither a connection nor a lock waits for them.
        right = await self.hasher.verify(known.hashed_password, current_password)
        hashed_password = await self.hasher.hash(new_password) if right else None
        async with self.database.transaction() as unit:
            await lock_account(unit, user_id)
            record = self.recorder.begin(unit, caller)
            if hashed_password is None:
                await self.throttling.fail(record, await self.throttling.strike(attempt))
                raise await record.refused(
                    AuditAction.PASSWORD_CHANGE, the_user(user_id), InvalidCredentials()
                )
            current = await unit.users.get_credentials_by_id(user_id)
            if current is None or current.hashed_password != known.hashed_password:
                raise Conflict
            ended = await self.setting.replace(
                record,
                user_id,
                hashed_password,
                cause=RevocationCause.PASSWORD_CHANGED,
                keep=caller.session_id,
            )
            await record.success(
                AuditAction.PASSWORD_CHANGE,
                the_user(user_id),
                details={"revoked_sessions": ended},
            )
            await self.throttling.clear(unit, attempt)
            await unit.commit()

    async def _read(self, user_id: UUID, caller: Caller) -> tuple[Credentials, Standing]:
        async with self.database.reading() as stored:
            credentials = await stored.users.get_credentials_by_id(user_id)
            if credentials is None or credentials.user.deleted_at is not None:
                raise UserNotFound
            user = credentials.user
            return credentials, await self.throttling.standing_of(stored, user, caller.origin)
