"""The second factor: where its secrets come from, how they are sealed, and their storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.mfa import MfaChallenge, RecoveryCode, TotpEnrolment


class MfaSecretMint(Protocol):
    """Makes what nobody may guess."""

    def totp_secret(self) -> bytes:
        """Return 160 random bits."""
        ...

    def recovery_codes(self) -> Sequence[RecoveryCode]:
        """Return ten codes, each with at least 112 random bits, as people write them down."""
        ...

    def challenge_token(self) -> str:
        """Return a token with at least 256 bits of randomness."""
        ...


class SecretBox(Protocol):
    """Seals secrets with a key that never leaves its keeper.

    Both methods raise DependencyUnavailable within a bounded time where the keeper is out of
    reach; no unit of work is open while they wait.
    """

    async def seal(self, secret: bytes, *, context: str) -> str:
        """Return a text that only `open` with the same context turns back; each time another."""
        ...

    async def open(self, sealed: str, *, context: str) -> bytes:
        """Return the secret.

        Raises:
            SealBroken: the text was not sealed here, or for another context, or was altered.
        """
        ...


class SealBroken(Exception):
    """A sealed secret does not open: it was altered or moved, or its key is gone."""


class TotpEnrolmentRepository(Protocol):
    """TOTP secrets, sealed; at most one for each person. The person's row is locked for changes.

    DependencyUnavailable comes from any method when the storage is out of reach; so it is with the
    other repositories here.
    """

    async def get(self, user_id: UUID) -> TotpEnrolment | None:
        """Return the enrolment, pending or confirmed."""
        ...

    async def put(self, enrolment: TotpEnrolment) -> bool:
        """Store a pending enrolment in place of another pending one.

        Return False, and store nothing, where a confirmed one stands.
        """
        ...

    async def confirm(self, user_id: UUID, *, step: int, at: datetime) -> bool:
        """Put the pending enrolment into use, its code of `step` being used; False without one."""
        ...

    async def use_step(self, user_id: UUID, *, step: int) -> bool:
        """Record that the code of a step was used; False where it or a later one was before."""
        ...

    async def remove(self, user_id: UUID) -> bool:
        """Remove the enrolment; return False where there is none."""
        ...


class RecoveryCodeRepository(Protocol):
    """Recovery codes by person and digest. The person's row is locked for changes."""

    async def replace(self, user_id: UUID, digests: Sequence[str], *, at: datetime) -> None:
        """Store codes in place of all that the person had, used or not."""
        ...

    async def use(self, user_id: UUID, digest: str, *, at: datetime) -> bool:
        """Mark an unused code as used; return False where there is none."""
        ...

    async def count_unused(self, user_id: UUID) -> int:
        """Count the codes that still serve."""
        ...

    async def remove_all(self, user_id: UUID) -> None:
        """Remove every code of a person."""
        ...


class MfaChallengeRepository(Protocol):
    """Challenges by the digest of their token. The person's row is locked for changes."""

    async def add(self, challenge: MfaChallenge) -> None:
        """Store a challenge, and remove those of the same person that had expired by then."""
        ...

    async def get(self, digest: str) -> MfaChallenge | None:
        """Return the challenge, open or not."""
        ...

    async def count_failure(self, digest: str) -> None:
        """Count one more wrong code."""
        ...

    async def mark_used(self, digest: str, *, at: datetime) -> bool:
        """Close the challenge; return False where it was used already."""
        ...
