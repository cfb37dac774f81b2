"""From claimed events to the stream's entries, without those of people whose next one is bad."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from core.domain.ports.outbox_relay import OutboxEvent
from core.events.envelope import EventNotEncodable, envelope
from core.events.held_users import HeldUsers
from core.events.relay_metrics import RelayMetrics

_log = structlog.get_logger(__name__)


class BatchEncoder:
    """Holds people back from the first event on that fits no envelope."""

    def __init__(self, held: HeldUsers, metrics: RelayMetrics) -> None:
        """Take the memory of who is held back."""
        self._held = held
        self._metrics = metrics

    @property
    def held_users(self) -> frozenset[UUID]:
        """Whose events need not be claimed at this moment."""
        return self._held.current()

    def encode(self, claimed: Sequence[OutboxEvent]) -> tuple[list[OutboxEvent], list[str]]:
        """Return what can be published, with its entries; hold back people with a bad row."""
        events: list[OutboxEvent] = []
        entries: list[str] = []
        held = set(self._held.current())
        for event in claimed:
            if event.user_id in held:
                continue
            try:
                entries.append(envelope(event))
                events.append(event)
            except EventNotEncodable as error:
                held.add(event.user_id)
                self._held.hold(event.user_id)
                _log.error("an event cannot be encoded", event_id=str(event.id), why=error.problem)
        self._metrics.held(len(held))
        return events, entries
