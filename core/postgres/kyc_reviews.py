"""The history of KYC changes in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.kyc import KycReview, KycStatus
from core.postgres.execution import Executor
from core.postgres.statements import Exec, Many, One


@dataclass(frozen=True, slots=True, kw_only=True)
class KycReviewRecord:
    """A change's row."""

    id: UUID
    user_id: UUID
    previous_status: str
    status: str
    reason: str | None
    reviewer_id: str
    created_at: datetime


class NewKycReviewParams(TypedDict):
    """All that is stored of a change."""

    id: UUID
    user_id: UUID
    previous_status: str
    status: str
    reason: str | None
    reviewer_id: str
    created_at: datetime


class ReviewedUserParams(TypedDict):
    """Names the person."""

    user_id: UUID


class ListKycReviewsParams(TypedDict):
    """A page and its filter."""

    before: UUID | None
    status: str | None
    row_limit: int


ADD_KYC_REVIEW = Exec("kyc_reviews", "add_kyc_review", NewKycReviewParams)
GET_LATEST_KYC_REVIEW = One(
    "kyc_reviews", "get_latest_kyc_review", ReviewedUserParams, KycReviewRecord
)
LIST_KYC_REVIEWS_OF_USER = Many(
    "kyc_reviews", "list_kyc_reviews_of_user", ReviewedUserParams, KycReviewRecord
)
LIST_KYC_REVIEWS = Many(
    "kyc_reviews", "list_kyc_reviews", ListKycReviewsParams, KycReviewRecord, prepared=False
)


class PostgresKycReviews:
    """Implements the port KycReviewRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, review: KycReview) -> None:
        """Store one change."""
        params = NewKycReviewParams(
            id=review.id,
            user_id=review.user_id,
            previous_status=review.previous_status.value,
            status=review.status.value,
            reason=review.reason,
            reviewer_id=review.reviewer_id,
            created_at=review.created_at,
        )
        await self._run.execute(ADD_KYC_REVIEW, params)

    async def latest(self, user_id: UUID) -> KycReview | None:
        """Return a person's newest change."""
        params = ReviewedUserParams(user_id=user_id)
        record = await self._run.one(GET_LATEST_KYC_REVIEW, params)
        return None if record is None else _review(record)

    async def history(self, user_id: UUID) -> Sequence[KycReview]:
        """Return every change of a person, the newest first."""
        params = ReviewedUserParams(user_id=user_id)
        return [_review(row) for row in await self._run.many(LIST_KYC_REVIEWS_OF_USER, params)]

    async def list_page(
        self, *, status: KycStatus | None, before: UUID | None, limit: int
    ) -> Sequence[KycReview]:
        """Return one page of changes, the newest first."""
        params = ListKycReviewsParams(before=before, status=status, row_limit=limit)
        return [_review(row) for row in await self._run.many(LIST_KYC_REVIEWS, params)]


def _review(record: KycReviewRecord) -> KycReview:
    return KycReview(
        id=record.id,
        user_id=record.user_id,
        previous_status=KycStatus(record.previous_status),
        status=KycStatus(record.status),
        reason=record.reason,
        reviewer_id=record.reviewer_id,
        created_at=record.created_at,
    )
