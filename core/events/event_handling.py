"""One delivery, from the entry to what has become of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.errors import DomainError, RetryableError
from core.domain.ports.event_source import Delivery, Refusal
from core.events.consume_spans import ConsumeSpans
from core.events.inbound import EventRefused, InboundEvent, read_envelope
from core.events.subscriptions import Subscriptions


class Outcome(StrEnum):
    """What has become of an event."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """It had been applied before."""
    SKIPPED = "skipped"
    """Nobody here listens to its type."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a delivery ends: it is acknowledged, or with a refusal it becomes a dead letter.

    `event_type` is empty unless somebody here listens to it.
    """

    outcome: Outcome
    event_type: str = ""
    occurred_at: datetime | None = None
    refusal: Refusal | None = None


def dead(refusal: Refusal, *, event_type: str = "") -> Verdict:
    """Return the verdict on what cannot be applied."""
    return Verdict(outcome=Outcome.DEAD, event_type=event_type, refusal=refusal)


class EventHandling:
    """Reads an entry and calls its handler. Errors that a retry may mend are raised."""

    def __init__(self, subscriptions: Subscriptions, spans: ConsumeSpans) -> None:
        """Take who handles what."""
        self._subscriptions = subscriptions
        self._spans = spans

    async def judge(self, delivery: Delivery) -> Verdict:
        """Apply an event, and say how its delivery ends.

        Raises:
            RetryableError: something is missing or came between; nothing has happened, or its
                outcome is not known. Another attempt is right either way.
            Exception: a defect.
        """
        try:
            event = read_envelope(delivery.text)
            handle = self._subscriptions.prepare(event)
        except EventRefused as refused:
            return dead(refused.refusal)
        if handle is None:
            return Verdict(outcome=Outcome.SKIPPED)
        with self._spans.handling(event) as span:
            try:
                is_new = await handle()
            except RetryableError:
                raise
            except DomainError as error:
                span.set_attribute("error.type", error.reason)
                return dead(_refusal(event, error.reason, str(error)), event_type=event.event_type)
        return Verdict(
            outcome=Outcome.APPLIED if is_new else Outcome.REPEATED,
            event_type=event.event_type,
            occurred_at=event.occurred_at,
        )

    def give_up(self, delivery: Delivery, *, reason: str, detail: str) -> Verdict:
        """Return the verdict on an event that was tried often enough."""
        try:
            event = read_envelope(delivery.text)
        except EventRefused as refused:
            return dead(refused.refusal)
        return dead(_refusal(event, reason, detail))


def _refusal(event: InboundEvent, reason: str, detail: str) -> Refusal:
    return Refusal(
        reason=reason, detail=detail, event_id=str(event.id), event_type=event.event_type
    )
