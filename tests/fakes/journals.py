"""What is only ever added to: KYC changes, the audit log, the outbox. In memory."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.domain.audit import AuditEntry, AuditEvent, AuditFilter, SequenceSpan
from core.domain.audit_row import row_hash
from core.domain.audit_sealing import owners, seal
from core.domain.events import RecordedEvent
from core.domain.kyc import KycReview, KycStatus
from core.domain.personal_key import NOBODY, PersonalKey
from core.domain.ports.consumed_events import Consumption
from tests.fakes.personal_texts import FakePersonalTexts, fake_key
from tests.fakes.scope import Scope, user_row
from tests.fakes.tables import PortMisuse


class FakeKycReviews:
    """Implements the port KycReviewRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.kyc_reviews

    async def add(self, review: KycReview) -> None:
        await self._scope.write("kyc_reviews.add")
        if self._scope.view.users.get(review.user_id) is None:
            raise PortMisuse("a KYC change needs a user")
        self._rows.add(review.id, review)

    async def latest(self, user_id: UUID) -> KycReview | None:
        await self._scope.read("kyc_reviews.latest")
        return next(iter(self._of(user_id)), None)

    async def history(self, user_id: UUID) -> Sequence[KycReview]:
        await self._scope.read("kyc_reviews.history")
        return self._of(user_id)

    async def list_page(
        self, *, status: KycStatus | None, before: UUID | None, limit: int
    ) -> Sequence[KycReview]:
        await self._scope.read("kyc_reviews.list_page")
        found = [
            review
            for review in self._newest_first()
            if (before is None or review.id < before) and status in {None, review.status}
        ]
        return found[:limit]

    def _of(self, user_id: UUID) -> list[KycReview]:
        return [review for review in self._newest_first() if review.user_id == user_id]

    def _newest_first(self) -> list[KycReview]:
        return sorted(self._rows.values(), key=lambda review: review.id, reverse=True)


class FakeAuditLog:
    """Implements the port AuditLog."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.audit

    async def append(self, entry: AuditEntry) -> None:
        await self._scope.write("audit.append")
        # Drawn like a number of a sequence: a unit of work that is rolled back leaves a gap.
        sequence = next(self._scope.shared.audit_sequence)
        of = owners(entry)
        row = seal(
            entry,
            origin=self._key(of.origin),
            about=self._key(of.reason),
            texts=FakePersonalTexts(),
        )
        self._rows.add(sequence, AuditEvent(sequence=sequence, entry=entry, hash=row_hash(row)))

    async def list_page(
        self, where: AuditFilter, *, before: int | None, limit: int
    ) -> Sequence[AuditEvent]:
        await self._scope.read("audit.list_page")
        found = [
            event
            for event in self._rows.values()
            if (before is None or event.sequence < before) and _matches(event.entry, where)
        ]
        return sorted(found, key=lambda event: event.sequence, reverse=True)[:limit]

    async def span(self, where: AuditFilter) -> SequenceSpan | None:
        await self._scope.read("audit.span")
        times = AuditFilter(from_time=where.from_time, to_time=where.to_time)
        found = [event.sequence for event in self._rows.values() if _matches(event.entry, times)]
        return SequenceSpan(first=min(found), last=max(found)) if found else None

    async def list_span(
        self, where: AuditFilter, span: SequenceSpan, *, limit: int
    ) -> Sequence[AuditEvent]:
        await self._scope.read("audit.list_span")
        found = [
            event
            for event in self._rows.values()
            if span.first <= event.sequence <= span.last and _matches(event.entry, where)
        ]
        return sorted(found, key=lambda event: event.sequence)[:limit]

    def _key(self, owner: UUID | None) -> PersonalKey:
        known = owner is not None and self._scope.view.users.get(owner) is not None
        return fake_key(owner) if owner is not None and known else NOBODY


class FakeOutbox:
    """Implements the port Outbox."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.outbox

    async def append(self, event: RecordedEvent) -> None:
        await self._scope.write("outbox.append")
        self._append(event)

    async def append_unless_nobody(self, event: RecordedEvent) -> None:
        await self._scope.write("outbox.append_unless_nobody")
        if self._scope.view.users.get(event.event.user_id) is not None:
            self._append(event)

    def _append(self, event: RecordedEvent) -> None:
        if not self._scope.holds(user_row(event.event.user_id)):
            raise PortMisuse("an event is written under the lock of the person whom it is about")
        self._rows.add(next(self._scope.shared.outbox_sequence), event)


class FakeConsumedEvents:
    """Implements the port ConsumedEvents."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.consumed_events

    async def add(self, consumption: Consumption, *, at: datetime) -> bool:
        # Held until the unit of work ends, as a unique index holds up whoever adds the same key.
        await self._scope.write("consumed_events.add", ("consumed_event", consumption))
        if self._rows.get(consumption) is not None:
            return False
        self._rows.add(consumption, at)
        return True


def _matches(entry: AuditEntry, where: AuditFilter) -> bool:
    return (
        where.user_id in {None, entry.user_id}
        and where.actor_id in {None, entry.actor_id}
        and where.action in {None, entry.action.value}
        and where.outcome in {None, entry.outcome}
        and (where.from_time is None or where.from_time <= entry.occurred_at)
        and (where.to_time is None or entry.occurred_at < where.to_time)
    )
