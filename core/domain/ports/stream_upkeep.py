"""Keeping the stream whole and within its bound: what is recorded of it, and what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.ports.outbox_relay import PublishedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMeasure:
    """How many entries the stream holds, and how many of them each consumer group has not read.

    A group whose number the server does not know is left out.
    """

    length: int
    unread: Mapping[str, int]


class PublishedEvents(Protocol):
    """What the outbox records of the stream. Raises DependencyUnavailable when out of reach."""

    async def page(self, *, after: str, limit: int) -> Sequence[PublishedEvent]:
        """Return events above a stream id by rising stream id, without what may be trimmed."""
        ...

    async def requeue(self, lost: Sequence[PublishedEvent]) -> int:
        """Let events wait again that are recorded under exactly these ids; return how many.

        Their ids, contents and order stay; whoever comes second finds nothing to do.
        """
        ...

    async def note_trim(self, below: str, *, at: datetime) -> None:
        """Record that entries below a stream id may be trimmed from now on."""
        ...


class StreamUpkeep(Protocol):
    """The stream as those see it who look after it. Raises DependencyUnavailable as well."""

    async def missing(self, stream_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the entries that the stream does not hold."""
        ...

    async def trimmable_below(self, *, at_most: int) -> str | None:
        """Return the id below which the oldest entries may go, at most so many of them.

        What a group has not read, or has read and not acknowledged, may not go. None: nothing may.
        """
        ...

    async def trim(self, below: str) -> int:
        """Drop the entries below an id, and none that may not go; return how many there were."""
        ...

    async def measure(self) -> StreamMeasure:
        """Return how long the stream is, and how far its readers are behind."""
        ...
