"""Enrolling the second factor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import AlreadyEnrolled, MfaCodeInvalid, UserNotFound
from core.domain.events import MfaEnabled
from core.domain.mfa import MfaPolicy, RecoveryCode, TotpEnrolment, seal_context
from core.domain.ports.mfa import MfaSecretMint
from core.domain.ports.unit_of_work import Database
from core.domain.totp import base32, otpauth_uri
from core.service.account_locks import lock_account
from core.service.recording import Record, Recorder, the_user
from core.service.second_factor import SecondFactor, fitting_step


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSecret:
    """A TOTP secret as its owner is shown it, once: in base32, and as an `otpauth://` address."""

    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaEnrolling:
    """Puts a second factor into use, in two steps."""

    database: Database
    second_factor: SecondFactor
    mint: MfaSecretMint
    policy: MfaPolicy
    recorder: Recorder

    async def enroll(self, user_id: UUID, *, caller: Caller) -> ShownSecret:
        """Make a secret, in place of one that was not confirmed; it counts once it is.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            AlreadyEnrolled: a secret is in use.
            DependencyUnavailable: Vault is out of reach.
        """
        await self._pending(user_id)
        secret = self.mint.totp_secret()
        # No unit of work is open while Vault is waited for.
        sealed = await self.second_factor.box.seal(secret, context=seal_context(user_id))
        async with self.database.transaction() as unit:
            user = await lock_account(unit, user_id)
            record = self.recorder.begin(unit, caller)
            enrolment = TotpEnrolment(user_id=user_id, sealed_secret=sealed, created_at=record.at)
            if not await unit.totp_enrolments.put(enrolment):
                raise AlreadyEnrolled
            await record.success(AuditAction.MFA_ENROLL, the_user(user_id))
            await unit.commit()
        uri = otpauth_uri(secret, issuer=self.policy.issuer, account=user.email)
        return ShownSecret(secret=base32(secret), otpauth_uri=uri)

    async def confirm(self, user_id: UUID, *, code: str, caller: Caller) -> Sequence[RecoveryCode]:
        """Put the secret into use with a code that it made; return the recovery codes, once.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            AlreadyEnrolled: a secret is in use.
            MfaCodeInvalid: the code is wrong, or there is no secret that could have made it.
            DependencyUnavailable: Vault is out of reach.
        """
        pending = await self._pending(user_id)
        opened = None if pending is None else await self.second_factor.open(pending)
        async with self.database.transaction() as unit:
            await lock_account(unit, user_id)
            record = self.recorder.begin(unit, caller)
            enrolment = await unit.totp_enrolments.get(user_id)
            if enrolment is not None and enrolment.confirmed_at is not None:
                raise AlreadyEnrolled
            step = None if enrolment is None else fitting_step(record, code, enrolment, opened)
            if step is None:
                raise await record.refused(
                    AuditAction.MFA_ENABLE, the_user(user_id), MfaCodeInvalid()
                )
            return await self._enable(record, user_id, step)

    async def _enable(self, record: Record, user_id: UUID, step: int) -> Sequence[RecoveryCode]:
        codes, unit = self.mint.recovery_codes(), record.unit
        await unit.totp_enrolments.confirm(user_id, step=step, at=record.at)
        digests = [code.digest for code in codes]
        await unit.recovery_codes.replace(user_id, digests, at=record.at)
        await unit.users.set_mfa_enabled(user_id, enabled=True, at=record.at)
        await record.success(AuditAction.MFA_ENABLE, the_user(user_id))
        await record.event(MfaEnabled(user_id=user_id))
        await unit.commit()
        return codes

    async def _pending(self, user_id: UUID) -> TotpEnrolment | None:
        """Return the secret that waits for its first code, if there is one."""
        async with self.database.reading() as stored:
            user = await stored.users.get_by_id(user_id)
            if user is None or user.deleted_at is not None:
                raise UserNotFound
            enrolment = await stored.totp_enrolments.get(user_id)
        if enrolment is not None and enrolment.confirmed_at is not None:
            raise AlreadyEnrolled
        return enrolment
