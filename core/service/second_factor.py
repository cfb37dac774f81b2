"""Judging what shows that somebody has the second factor."""

from dataclasses import dataclass, field

from core.domain.mfa import Proof, RecoveryCode, TotpEnrolment
from core.domain.ports.mfa import SecretBox
from core.domain.totp import matching_step
from core.service.recording import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEnrolment:
    """An enrolment as it was read, with its secret opened."""

    sealed_secret: str = field(repr=False)
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """Accepts each proof once.

    That takes two steps: the secret is opened before there is a unit of work, for nobody holds a
    connection or a lock while Vault is waited for; inside of one it is compared.
    """

    box: SecretBox

    async def open(self, enrolment: TotpEnrolment) -> OpenedEnrolment:
        """Open the secret of an enrolment; no unit of work is open.

        Raises:
            DependencyUnavailable: Vault is out of reach.
        """
        secret = await self.box.open(enrolment.sealed_secret, context=enrolment.seal_context)
        return OpenedEnrolment(sealed_secret=enrolment.sealed_secret, secret=secret)

    async def open_for(
        self, proof: Proof, enrolment: TotpEnrolment | None
    ) -> OpenedEnrolment | None:
        """Open what a proof is compared with; None where that is nothing.

        A recovery code is compared with digests, so that it serves without Vault.

        Raises:
            DependencyUnavailable: Vault is out of reach.
        """
        if isinstance(proof, RecoveryCode) or enrolment is None or enrolment.confirmed_at is None:
            return None
        return await self.open(enrolment)

    async def accept(
        self,
        record: Record,
        proof: Proof,
        enrolment: TotpEnrolment | None,
        opened: OpenedEnrolment | None,
    ) -> bool:
        """Use a proof up, or find it wrong. `enrolment` was read under the person's lock."""
        if enrolment is None or enrolment.confirmed_at is None:
            return False
        user_id = enrolment.user_id
        if isinstance(proof, RecoveryCode):
            return await record.unit.recovery_codes.use(user_id, proof.digest, at=record.at)
        step = fitting_step(record, proof.text, enrolment, opened)
        return step is not None and await record.unit.totp_enrolments.use_step(user_id, step=step)


def fitting_step(
    record: Record, code: str, enrolment: TotpEnrolment, opened: OpenedEnrolment | None
) -> int | None:
    """Return the step of a right code; None for a wrong one.

    Whatever was opened before another enrolment took its place opens nothing.
    """
    if opened is None or opened.sealed_secret != enrolment.sealed_secret:
        return None
    return matching_step(
        opened.secret, code, now=record.at, last_used_step=enrolment.last_used_step
    )
