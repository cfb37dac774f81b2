"""The way of an event from the outbox to the platform's stream."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """An event as the outbox keeps it. `sequence` grows in commit order within one person.

    `traceparent` (W3C Trace Context) names the span that wrote it, if there was one.
    """

    sequence: int
    id: UUID
    user_id: UUID
    event_type: str
    payload: Mapping[str, object]
    trace_id: str
    occurred_at: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEvent:
    """Where the stream put an event: `stream_id` is the stream's own name for the entry."""

    sequence: int
    stream_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits. `count` stops at a bound of the adapter; the oldest is None when none waits."""

    count: int
    oldest_occurred_at: datetime | None


class OutboxClaim(Protocol):
    """Events that nobody else publishes as long as the claim is held."""

    @property
    def events(self) -> Sequence[OutboxEvent]:
        """Unpublished events by rising sequence; of each person the oldest, without a gap."""
        ...

    @property
    def predecessors(self) -> Sequence[str]:
        """The entries that these events come after: each person's last, unless it was trimmed."""
        ...

    @property
    def newest_stream_id(self) -> str:
        """The greatest stream id that was ever recorded, `0-0` at first."""
        ...

    async def mark_published(self, published: Sequence[PublishedEvent], *, at: datetime) -> None:
        """Record that the stream holds these events; it counts once the claim has ended well."""
        ...


class OutboxQueue(Protocol):
    """The outbox as the relay sees it.

    Everything here raises DependencyUnavailable when the storage is out of reach.
    """

    def claim(
        self, *, max_events: int, max_users: int, except_users: Collection[UUID] = ()
    ) -> AbstractAsyncContextManager[OutboxClaim]:
        """Claim the oldest events of some people whom no other relay holds at this moment.

        Leaving the context makes the marks durable and lets the people go; leaving it by an
        exception, or losing the storage, lets them go and marks nothing.
        """
        ...

    async def backlog(self) -> Backlog:
        """Count the events that wait, cheaply enough to be asked every few seconds."""
        ...


class EntriesMissing(Exception):
    """The stream lacks an entry that it should hold; nothing was appended."""


class StreamFull(Exception):
    """The stream has no room for the entries below its bound; nothing was appended."""


class EventStream(Protocol):
    """The stream that the platform reads."""

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        """Append the entries in order, all of them or none; return their stream ids in order.

        Nothing is appended to a stream that lacks one of the entries that `after` names: what
        comes later must not arrive before what has to be sent again. The new ids are greater than
        `above`, also where the stream was made anew by a server whose clock is behind.

        Raises:
            EntriesMissing: the stream lacks an entry of `after`.
            StreamFull: it would grow beyond its bound.
            DependencyUnavailable: the stream did not confirm. Whether it holds the entries is not
                known, and it may still take them in later; appending them again is always right.
        """
        ...
