"""Reading what other services tell: the seam between handlers and the broker that carries events.

A group of consumers shares a stream. Each entry is given to one of them, and again to another
where it was not acknowledged; the group's place is kept by the broker. Redis Streams implement it
today; with Kafka a partition's records are given in order and acknowledging commits an offset.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An entry that this consumer was given. `text` is None where the entry has no event.

    `deliveries` counts how often the group was given it, this time included.
    """

    entry_id: str
    text: str | None = field(repr=False)
    deliveries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an event cannot be applied. Nothing in it repeats what the event holds, but its names.

    `reason` is an error's stable name, `detail` says more; id and type are empty if unreadable.
    """

    reason: str
    detail: str = ""
    event_id: str = ""
    event_type: str = ""


class EventSource(Protocol):
    """One consumer of a group. Everything raises DependencyUnavailable when out of reach."""

    async def open(self) -> None:
        """Register the group, so that it gets everything from the stream's beginning on."""
        ...

    async def read(self) -> Sequence[Delivery]:
        """Return entries that nobody was given yet, oldest first; wait a moment for some."""
        ...

    async def take_over(self) -> Sequence[Delivery]:
        """Return entries that somebody was given and has not worked on for long."""
        ...

    async def keep(self, entry_ids: Collection[str]) -> None:
        """Say that this consumer still works on entries, so that nobody takes them over."""
        ...

    async def acknowledge(self, entry_id: str) -> None:
        """Say that an entry is done with; it is given to nobody any more."""
        ...

    async def bury(self, delivery: Delivery, refusal: Refusal, *, at: datetime) -> bool:
        """Move an entry to the dead letters in one step; False: the group is done with it."""
        ...

    async def forget_idle(self) -> Sequence[str]:
        """Remove the names of consumers that hold nothing and have been silent for long."""
        ...

    async def leave(self) -> None:
        """Remove this consumer's name, unless it still holds entries: others take those over."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An entry that could not be applied. `text` is the event as it came, None if it had none."""

    id: str
    failed_at: str
    refusal: Refusal
    consumer: str
    entry_id: str
    deliveries: int
    text: str | None = field(repr=False)


class DeadLetters(Protocol):
    """What could not be applied. Everything raises DependencyUnavailable when out of reach."""

    async def count(self) -> int:
        """Return how many there are."""
        ...

    async def page(self, *, after: str, limit: int) -> Sequence[DeadLetter]:
        """Return dead letters whose id is above one, oldest first; `0-0` begins."""
        ...

    async def replay(self, letter_id: str) -> str | None:
        """Append the entry as it came to its stream again, and remove the dead letter, in one step.

        Returns the new entry's id; None where there is no such dead letter.
        """
        ...
