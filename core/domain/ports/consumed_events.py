"""Which events of other services have taken effect here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """One event as one consumer sees it; `consumer` names all of its replicas together."""

    consumer: str
    event_id: UUID


class ConsumedEvents(Protocol):
    """Rows are added with the effect that they stand for, and never changed."""

    async def add(self, consumption: Consumption, *, at: datetime) -> bool:
        """Record that an event takes effect in this unit of work; False: it has done so before.

        Whoever records the same event at the same time is waited for. Called before any lock.
        """
        ...
