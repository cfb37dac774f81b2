"""Storage of one-time tokens."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.one_time_token import OneTimeToken, TokenPurpose


class OneTimeTokenRepository(Protocol):
    """One-time tokens by digest. A person has at most one that serves for each purpose.

    DependencyUnavailable comes from any method when the storage is out of reach.
    """

    async def add(self, token: OneTimeToken) -> None:
        """Store a token, after `supersede` and under the lock of its person.

        Where there is no such person nothing is stored, by the same statement: whoever asks for a
        mail must not learn from the time whether there is an account.
        """
        ...

    async def get(self, digest: str) -> OneTimeToken | None:
        """Return the token, whether it still serves or not."""
        ...

    async def mark_used(self, token_id: UUID, *, at: datetime) -> bool:
        """Use a token; return False where it was used, superseded or expired already."""
        ...

    async def supersede(self, user_id: UUID, purpose: TokenPurpose, *, at: datetime) -> int:
        """End every token of a person for a purpose that was not used; return how many."""
        ...
