"""The outbox in PostgreSQL, as a use case sees it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from psycopg.types.json import Jsonb

from core.domain.events import DomainEvent, RecordedEvent
from core.postgres.execution import Executor
from core.postgres.statements import Exec
from core.postgres.tracing import current_traceparent

EventEncoder = Callable[[DomainEvent], Mapping[str, object]]
"""Returns the JSON object that the platform reads as an event's payload."""


class AppendEventParams(TypedDict):
    """All that is stored of an event before it is published."""

    id: UUID
    user_id: UUID
    event_type: str
    payload: Jsonb
    trace_id: str
    occurred_at: datetime
    traceparent: str | None


APPEND_OUTBOX_EVENT = Exec("outbox", "append_outbox_event", AppendEventParams)
APPEND_UNLESS_NOBODY = Exec("outbox", "append_outbox_event_unless_nobody", AppendEventParams)


class PostgresOutbox:
    """Implements the port Outbox."""

    def __init__(self, executor: Executor, encode_event: EventEncoder) -> None:
        """Take what runs the statements, and what makes payloads."""
        self._run = executor
        self._encode_event = encode_event

    async def append(self, event: RecordedEvent) -> None:
        """Write one event."""
        await self._run.execute(APPEND_OUTBOX_EVENT, self._params(event))

    async def append_unless_nobody(self, event: RecordedEvent) -> None:
        """Write one event, if there is such a user."""
        await self._run.execute(APPEND_UNLESS_NOBODY, self._params(event))

    def _params(self, event: RecordedEvent) -> AppendEventParams:
        return AppendEventParams(
            id=event.id,
            user_id=event.event.user_id,
            event_type=event.event.event_type,
            payload=Jsonb(dict(self._encode_event(event.event))),
            trace_id=event.trace_id,
            occurred_at=event.occurred_at,
            traceparent=current_traceparent(),
        )
