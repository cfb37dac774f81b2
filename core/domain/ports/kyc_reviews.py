"""Storage of KYC changes."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from core.domain.kyc import KycReview, KycStatus


class KycReviewRepository(Protocol):
    """The history of KYC changes; rows are added, never changed."""

    async def add(self, review: KycReview) -> None:
        """Store one change."""
        ...

    async def latest(self, user_id: UUID) -> KycReview | None:
        """Return a person's newest change."""
        ...

    async def history(self, user_id: UUID) -> Sequence[KycReview]:
        """Return every change of a person, the newest first."""
        ...

    async def list_page(
        self, *, status: KycStatus | None, before: UUID | None, limit: int
    ) -> Sequence[KycReview]:
        """Return at most `limit` changes to `status` with ids below `before`, newest first."""
        ...
