"""KYC: reviewers decide, and people hand in again what was rejected."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction, AuditDetails
from core.domain.caller import Caller
from core.domain.errors import KycTransitionNotAllowed, UserNotFound
from core.domain.events import UserKycUpdated
from core.domain.kyc import Kyc, KycReview, KycStatus, check_transition
from core.domain.page import Page, effective_page_size
from core.domain.ports.clock import IdGenerator
from core.domain.ports.unit_of_work import Database
from core.domain.user import User
from core.service.account_locks import lock_account
from core.service.paging import Paging, canonical_filters
from core.service.recording import Record, Recorder, the_kyc


@dataclass(frozen=True, slots=True, kw_only=True)
class KycReviewing:
    """Changes the KYC status: one row of history, one audit row, one event for each change."""

    database: Database
    paging: Paging
    recorder: Recorder
    ids: IdGenerator

    async def get(self, user_id: UUID) -> tuple[Kyc, Sequence[KycReview]]:
        """Return the present state and every change, the newest first.

        Raises:
            UserNotFound: there is no such account.
        """
        async with self.database.reading() as stored:
            user = await stored.users.get_by_id(user_id)
            history = await stored.kyc_reviews.history(user_id)
        if user is None:
            raise UserNotFound
        # The account was read first: a change in between shows in the history alone.
        last_review = history[0] if history else None
        status = user.kyc_status if last_review is None else last_review.status
        return Kyc(user_id=user_id, status=status, last_review=last_review), history

    async def update(
        self, user_id: UUID, *, status: KycStatus, reason: str | None, caller: Caller
    ) -> Kyc:
        """Record a reviewer's decision.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            KycTransitionNotAllowed: the status cannot follow the present one.
            KycReasonRequired: a rejection has no reason.
        """
        given = (reason or "").strip() or None
        async with self.database.transaction() as unit:
            user = await lock_account(unit, user_id)
            check_transition(user.kyc_status, status, given)
            record = self.recorder.begin(unit, caller)
            review = self._review(record, user, status, given)
            return await apply_review(record, AuditAction.KYC_UPDATE, review)

    async def submit(self, user_id: UUID, *, caller: Caller) -> Kyc:
        """Hand in again what was rejected.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            KycTransitionNotAllowed: nothing was rejected.
        """
        async with self.database.transaction() as unit:
            user = await lock_account(unit, user_id)
            if user.kyc_status is not KycStatus.REJECTED:
                raise KycTransitionNotAllowed("Only a rejected KYC can be handed in again.")
            record = self.recorder.begin(unit, caller)
            review = self._review(record, user, KycStatus.PENDING, None)
            return await apply_review(record, AuditAction.KYC_SUBMIT, review)

    async def list_page(
        self, *, status: KycStatus | None, page_size: int, page_token: str
    ) -> Page[KycReview]:
        """Return one page of changes over all persons, the newest first.

        Raises:
            ValidationFailed: the page size is negative.
            PageTokenInvalid: the token was not issued here, or for another filter.
        """
        size = effective_page_size(page_size)
        filters = canonical_filters("kyc_reviews", status=status)
        before = self.paging.position(page_token, filters, UUID)
        async with self.database.reading() as stored:
            rows = await stored.kyc_reviews.list_page(status=status, before=before, limit=size + 1)
        return self.paging.page(
            rows, size=size, filters=filters, position_of=lambda review: str(review.id)
        )

    def _review(
        self, record: Record, user: User, status: KycStatus, reason: str | None
    ) -> KycReview:
        caller = record.caller
        return KycReview(
            id=self.ids.new_id(),
            user_id=user.id,
            previous_status=user.kyc_status,
            status=status,
            reason=reason,
            reviewer_id=caller.actor_id or caller.actor_type.value,
            created_at=record.at,
        )


async def apply_review(
    record: Record,
    action: AuditAction,
    review: KycReview,
    *,
    details: AuditDetails | None = None,
) -> Kyc:
    """Write a change that was found allowed, with its audit row and its event, and commit."""
    user_id, previous, status = review.user_id, review.previous_status, review.status
    await record.unit.users.update_kyc(user_id, status=status, at=record.at)
    await record.unit.kyc_reviews.add(review)
    await record.success(
        action,
        the_kyc(user_id),
        reason=review.reason,
        details={"previous_status": previous.value, "status": status.value, **(details or {})},
    )
    await record.event(
        UserKycUpdated(
            user_id=user_id,
            previous_status=previous,
            status=status,
            reason=review.reason,
            reviewer_id=review.reviewer_id,
        )
    )
    await record.unit.commit()
    return Kyc(user_id=user_id, status=status, last_review=review)
