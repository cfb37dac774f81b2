"""Removing the second factor."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import DomainError, InvalidCredentials, MfaCodeInvalid, UserNotFound
from core.domain.events import MfaDisabled
from core.domain.mfa import Proof, TotpEnrolment
from core.domain.ports.crypto import PasswordHasher
from core.domain.ports.unit_of_work import Database
from core.domain.throttling import Attempt, Standing
from core.service.account_locks import lock_account
from core.service.login_throttling import LoginThrottling
from core.service.recording import Record, Recorder, the_user
from core.service.second_factor import OpenedEnrolment, SecondFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of the person, and what a failure will be held against."""

    hashed_password: str
    enrolment: TotpEnrolment
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """What was found out before the unit of work was opened."""

    hashed_password: str
    password_right: bool
    opened: OpenedEnrolment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaRemoval:
    """Takes a second factor out of use."""

    database: Database
    hasher: PasswordHasher
    second_factor: SecondFactor
    throttling: LoginThrottling
    recorder: Recorder

    async def disable(self, user_id: UUID, *, password: str, proof: Proof, caller: Caller) -> None:
        """Remove secret and recovery codes; where no second factor is in use, nothing is done.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            InvalidCredentials: the password is wrong, or was changed at this moment.
            MfaCodeInvalid: the code is wrong or was used before.
            LoginThrottled: there were too many failures; nothing was looked at.
            ServerBusy: too many passwords wait to be verified.
            DependencyUnavailable: the code is one of an authenticator, and Vault is out of reach.
        """
        known = await self._read(user_id, caller)
        if known is None:
            # Before the password is looked at: nobody can try passwords out where there is none.
            return
        attempt = await self.throttling.admit(
            known.standing,
            action=AuditAction.MFA_DISABLE,
            affected=the_user(user_id),
            caller=caller,
        )
        async with self.throttling.judging(attempt):
            verified = await self._verify(known, password, proof)
            removed = await self._disable(user_id, verified, proof, attempt, caller)
        await (self.throttling.succeed if removed else self.throttling.give_back)(attempt)

    async def _disable(
        self, user_id: UUID, verified: _Verified, proof: Proof, attempt: Attempt, caller: Caller
    ) -> bool:
        """Remove the second factor, unless it is gone since."""
        async with self.database.transaction() as unit:
            await lock_account(unit, user_id)
            enrolment = await unit.totp_enrolments.get(user_id)
            if enrolment is None or enrolment.confirmed_at is None:
                return False
            record = self.recorder.begin(unit, caller)
            error = await self._judge(record, enrolment, verified, proof)
            if error is not None:
                await self.throttling.fail(record, await self.throttling.strike(attempt))
                raise await record.refused(AuditAction.MFA_DISABLE, the_user(user_id), error)
            await self.throttling.clear(unit, attempt)
            await _remove(record, user_id)
            await unit.commit()
            return True

    async def _read(self, user_id: UUID, caller: Caller) -> _Known | None:
        async with self.database.reading() as stored:
            credentials = await stored.users.get_credentials_by_id(user_id)
            if credentials is None or credentials.user.deleted_at is not None:
                raise UserNotFound
            enrolment = await stored.totp_enrolments.get(user_id)
            if enrolment is None or enrolment.confirmed_at is None:
                return None
            user = credentials.user
            return _Known(
                hashed_password=credentials.hashed_password,
                enrolment=enrolment,
                standing=await self.throttling.standing_of(stored, user, caller.origin),
            )

    async def _verify(self, known: _Known, password: str, proof: Proof) -> _Verified:
        """Hash, and open the secret: both take their time, so no unit of work is open."""
        right = await self.hasher.verify(known.hashed_password, password)
        return _Verified(
            hashed_password=known.hashed_password,
            password_right=right,
            opened=await self.second_factor.open_for(proof, known.enrolment) if right else None,
        )

    async def _judge(
        self, record: Record, enrolment: TotpEnrolment, verified: _Verified, proof: Proof
    ) -> DomainError | None:
        """Say why the removal is refused; use the proof up if it is not."""
        current = await record.unit.users.get_credentials_by_id(enrolment.user_id)
        unchanged = current is not None and current.hashed_password == verified.hashed_password
        if not verified.password_right or not unchanged:
            return InvalidCredentials()
        if await self.second_factor.accept(record, proof, enrolment, verified.opened):
            return None
        return MfaCodeInvalid()


async def _remove(record: Record, user_id: UUID) -> None:
    unit = record.unit
    await unit.totp_enrolments.remove(user_id)
    await unit.recovery_codes.remove_all(user_id)
    await unit.users.set_mfa_enabled(user_id, enabled=False, at=record.at)
    await record.success(AuditAction.MFA_DISABLE, the_user(user_id))
    await record.event(MfaDisabled(user_id=user_id))
