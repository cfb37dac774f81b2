"""Events as the outbox keeps them, for tests of what comes after it."""

from datetime import timedelta
from itertools import count
from uuid import UUID

from core.domain.ports.outbox_relay import OutboxEvent
from tests.fakes.clock import START
from tests.fakes.ids import FakeIds

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"

ANNA = UUID("0190163d-8694-739b-aea5-000000000001")
BEN = UUID("0190163d-8694-739b-aea5-000000000002")
CARA = UUID("0190163d-8694-739b-aea5-000000000003")


class OutboxEvents:
    """Makes events with rising sequences, one second apart."""

    def __init__(self) -> None:
        self._ids = FakeIds()
        self._sequences = count(1)

    def of(self, user_id: UUID, *, trace_id: str = TRACE_ID) -> OutboxEvent:
        sequence = next(self._sequences)
        return OutboxEvent(
            sequence=sequence,
            id=self._ids.new_id(),
            user_id=user_id,
            event_type="user.updated",
            payload={"user_id": str(user_id), "changed_fields": ["full_name"]},
            trace_id=trace_id,
            occurred_at=START + timedelta(seconds=sequence),
        )

    def bad(self, user_id: UUID) -> OutboxEvent:
        """Make one that fits no envelope."""
        return self.of(user_id, trace_id="not a trace id")
