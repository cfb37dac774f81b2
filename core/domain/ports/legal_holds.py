"""Storage of legal holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.legal_hold import LegalHold


class LegalHolds(Protocol):
    """What must be kept. Nothing that a hold covers is erased or dropped."""

    async def add(self, hold: LegalHold) -> None:
        """Store a hold; waits for units of work under way that have asked `is_held`."""
        ...

    async def get(self, hold_id: UUID) -> LegalHold | None:
        """Return a hold, released or not."""
        ...

    async def all(self) -> Sequence[LegalHold]:
        """Return every hold, the oldest first."""
        ...

    async def release(self, hold_id: UUID, *, at: datetime) -> bool:
        """End a hold; tell whether there was one in force."""
        ...

    async def is_held(self, user_id: UUID) -> bool:
        """Tell whether a hold in force covers a person, or an audit row that is about or by them.

        Only in a unit of work: until it ends, nobody places another hold. So whoever erases asks
        first, in the same unit of work.
        """
        ...
