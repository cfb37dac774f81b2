"""The KYC review of a person: its states, and which may follow which."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.domain.errors import KycReasonRequired, KycTransitionNotAllowed


class KycStatus(StrEnum):
    """Where a review stands."""

    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"


_ALLOWED = {
    KycStatus.PENDING: frozenset({KycStatus.VERIFIED, KycStatus.REJECTED}),
    KycStatus.REJECTED: frozenset({KycStatus.PENDING}),
    KycStatus.VERIFIED: frozenset({KycStatus.PENDING}),
}


def check_transition(current: KycStatus, wanted: KycStatus, reason: str | None) -> None:
    """Let a change pass or refuse it.

    Raises:
        KycTransitionNotAllowed: `wanted` may not follow `current` (a repeat included).
        KycReasonRequired: a rejection has no reason, or a blank one.
    """
    if wanted not in _ALLOWED[current]:
        raise KycTransitionNotAllowed(
            f"The KYC status cannot go from {current.value} to {wanted.value}."
        )
    if wanted is KycStatus.REJECTED and not (reason and reason.strip()):
        raise KycReasonRequired


@dataclass(frozen=True, slots=True, kw_only=True)
class KycReview:
    """One change of a person's KYC status."""

    id: UUID
    user_id: UUID
    previous_status: KycStatus
    status: KycStatus
    reason: str | None
    reviewer_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kyc:
    """The present state of a person's KYC, and the change that led to it, if any."""

    user_id: UUID
    status: KycStatus
    last_review: KycReview | None
