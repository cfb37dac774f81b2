"""Which events of other services have taken effect, in PostgreSQL."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.ports.consumed_events import Consumption
from core.postgres.execution import Executor
from core.postgres.statements import Exec


class ConsumedEventParams(TypedDict):
    """All that is stored."""

    consumer: str
    event_id: UUID
    handled_at: datetime


ADD_CONSUMED_EVENT = Exec("consumed_events", "add_consumed_event", ConsumedEventParams)


class PostgresConsumedEvents:
    """Implements the port ConsumedEvents."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, consumption: Consumption, *, at: datetime) -> bool:
        """Record that an event takes effect in this unit of work; False: it has done so before."""
        params = ConsumedEventParams(
            consumer=consumption.consumer, event_id=consumption.event_id, handled_at=at
        )
        return await self._run.execute(ADD_CONSUMED_EVENT, params) == 1
