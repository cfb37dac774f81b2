"""Decisions about KYC that another service of the platform has taken."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from core.domain.caller import Caller
from core.domain.kyc import KycStatus
from core.domain.ports.consumed_events import Consumption


@dataclass(frozen=True, slots=True, kw_only=True)
class KycDecision:
    """What a reviewer decided; `reviewer_id` is the other service's name for the reviewer."""

    user_id: UUID
    status: KycStatus
    reason: str | None
    reviewer_id: str


class KycDecisions(Protocol):
    """The use case, as whoever reads events sees it."""

    async def apply(
        self, decision: KycDecision, *, consumption: Consumption, caller: Caller
    ) -> bool:
        """Apply a decision once; False: the event has been applied before.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            KycTransitionNotAllowed: the status cannot follow the present one.
            KycReasonRequired: a rejection has no reason.
            PermissionDenied: the reviewer is the person.
        """
        ...
