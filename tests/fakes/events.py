"""A stream and an outbox in memory, and metrics that remember."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from core.domain.errors import DependencyUnavailable
from core.domain.ports.outbox_relay import (
    Backlog,
    EntriesMissing,
    EventStream,
    OutboxClaim,
    OutboxEvent,
    PublishedEvent,
    StreamFull,
)
from core.domain.ports.stream_upkeep import StreamMeasure
from core.domain.stream_id import position


class FakeEventStream:
    """Implements the ports EventStream and StreamUpkeep.

    `failure`, while it is set, is raised by every call; `last_read` holds for each registered
    group the number of the last entry that it has read and acknowledged.
    """

    def __init__(self, *, max_length: int = 1_000_000) -> None:
        self.entries: list[str] = []
        self.failure: Exception | None = None
        self.max_length = max_length
        self.last_read: dict[str, int] = {}
        self._numbers: list[int] = []
        self._last = 0

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        self._check()
        if not set(after) <= set(self.stream_ids):
            raise EntriesMissing
        if self.entries and len(self.entries) + len(entries) > self.max_length:
            raise StreamFull
        first = max(self._last, position(above)[0]) + 1
        numbers = range(first, first + len(entries))
        self._numbers.extend(numbers)
        self.entries.extend(entries)
        self._last = first + len(entries) - 1
        return [f"{number}-0" for number in numbers]

    async def missing(self, stream_ids: Sequence[str]) -> Sequence[str]:
        self._check()
        return [stream_id for stream_id in stream_ids if stream_id not in self.stream_ids]

    async def trimmable_below(self, *, at_most: int) -> str | None:
        self._check()
        oldest = self._numbers[:at_most]
        if not oldest:
            return None
        below = min([oldest[-1], *self.last_read.values()]) + 1
        return f"{below}-0" if oldest[0] < below else None

    async def trim(self, below: str) -> int:
        self._check()
        limit = min([position(below)[0], *(read + 1 for read in self.last_read.values())])
        gone = sum(number < limit for number in self._numbers)
        self.lose(slice(gone))
        return gone

    async def measure(self) -> StreamMeasure:
        self._check()
        unread = {
            group: sum(number > read for number in self._numbers)
            for group, read in self.last_read.items()
        }
        return StreamMeasure(length=len(self.entries), unread=unread)

    def lose(self, which: slice) -> None:
        """Forget entries, as a server does that comes back without them."""
        del self.entries[which], self._numbers[which]
        if not self.entries:
            self._last = 0

    @property
    def stream_ids(self) -> list[str]:
        return [f"{number}-0" for number in self._numbers]

    @property
    def event_ids(self) -> list[str]:
        return [json.loads(entry)["id"] for entry in self.entries]

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


class FakeOutboxQueue:
    """Implements the ports OutboxQueue and PublishedEvents.

    `failure`, while it is set, is raised by every call.
    """

    def __init__(self) -> None:
        self.waiting: list[OutboxEvent] = []
        self.published: list[tuple[PublishedEvent, datetime]] = []
        self.trimmed_below = "0-0"
        self.lost_up_to = "0-0"
        self.failure: Exception | None = None
        self._events: dict[int, OutboxEvent] = {}
        self._claimed_users: set[UUID] = set()

    def add(self, *events: OutboxEvent) -> None:
        self.waiting.extend(events)

    def claim(
        self, *, max_events: int, max_users: int, except_users: Collection[UUID] = ()
    ) -> AbstractAsyncContextManager[OutboxClaim]:
        return self._claim(max_events, max_users, self._claimed_users | set(except_users))

    @asynccontextmanager
    async def _claim(
        self, max_events: int, max_users: int, unavailable: Collection[UUID]
    ) -> AsyncIterator[OutboxClaim]:
        self._check()
        free = [event for event in self.waiting if event.user_id not in unavailable]
        users = set(list(dict.fromkeys(event.user_id for event in free))[:max_users])
        self._claimed_users |= users
        try:
            events = tuple(e for e in free if e.user_id in users)[:max_events]
            claim = _FakeClaim(events, self._predecessors(events), self._newest())
            yield claim
            self._check()
            self._settle(claim)
        finally:
            self._claimed_users -= users

    async def backlog(self) -> Backlog:
        self._check()
        oldest = self.waiting[0].occurred_at if self.waiting else None
        return Backlog(count=len(self.waiting), oldest_occurred_at=oldest)

    async def page(self, *, after: str, limit: int) -> Sequence[PublishedEvent]:
        self._check()
        return [e for e in self._recorded() if position(e.stream_id) > position(after)][:limit]

    async def requeue(self, lost: Sequence[PublishedEvent]) -> int:
        self._check()
        lost_ids = [mark.stream_id for mark in lost]
        self.lost_up_to = max([self.lost_up_to, *lost_ids], key=position)
        found = [mark for mark, _ in self.published if mark in lost]
        self.published = [(mark, at) for mark, at in self.published if mark not in lost]
        self.waiting.extend(self._events[mark.sequence] for mark in found)
        self.waiting.sort(key=lambda event: event.sequence)
        return len(found)

    async def note_trim(self, below: str, *, at: datetime) -> None:  # noqa: ARG002 - the port's
        self._check()
        self.trimmed_below = max(self.trimmed_below, below, key=position)

    def _recorded(self) -> list[PublishedEvent]:
        kept = [
            mark
            for mark, _ in self.published
            if position(mark.stream_id) >= position(self.trimmed_below)
        ]
        return sorted(kept, key=lambda mark: position(mark.stream_id))

    def _predecessors(self, events: Sequence[OutboxEvent]) -> list[str]:
        users = {event.user_id for event in events}
        last = {self._events[mark.sequence].user_id: mark.stream_id for mark in self._recorded()}
        return [stream_id for user_id, stream_id in last.items() if user_id in users]

    def _newest(self) -> str:
        recorded = [mark.stream_id for mark, _ in self.published]
        return max([self.trimmed_below, self.lost_up_to, *recorded], key=position)

    def _settle(self, claim: "_FakeClaim") -> None:
        done = {published.sequence for published, _ in claim.marks}
        self._events |= {event.sequence: event for event in claim.events}
        self.waiting = [event for event in self.waiting if event.sequence not in done]
        self.published.extend(claim.marks)

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass
class _FakeClaim:
    events: Sequence[OutboxEvent]
    predecessors: Sequence[str]
    newest_stream_id: str
    marks: list[tuple[PublishedEvent, datetime]] = field(default_factory=list)

    async def mark_published(self, published: Sequence[PublishedEvent], *, at: datetime) -> None:
        self.marks.extend((event, at) for event in published)


class RecordingRelayMetrics:
    """Implements the relay's metrics; `on_change` is called after each report."""

    def __init__(self, on_change: Callable[[], Any] = lambda: None) -> None:
        self.lags_seconds: list[float] = []
        self.failures: Counter[str] = Counter()
        self.held_users = 0
        self.backlogs: list[tuple[int, float]] = []
        self.lost_events = 0
        self.stream_full = False
        self.memory_full = False
        self.lengths: list[int] = []
        self._on_change = on_change

    def published(self, lags_seconds: Sequence[float]) -> None:
        self.lags_seconds.extend(lags_seconds)
        self._on_change()

    def failed(self, cause: str) -> None:
        self.failures[cause] += 1
        self._on_change()

    def held(self, user_count: int) -> None:
        self.held_users = user_count
        self._on_change()

    def lost(self, event_count: int) -> None:
        self.lost_events += event_count
        self._on_change()

    def blocked(self, *, stream_full: bool, memory_full: bool) -> None:
        self.stream_full, self.memory_full = stream_full, memory_full
        self._on_change()

    def stream(self, length: int, unread: Mapping[str, int]) -> None:  # noqa: ARG002 - the port's
        self.lengths.append(length)
        self._on_change()

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        self.backlogs.append((count, oldest_age_seconds))
        self._on_change()


class AnswerLostStream:
    """Lets appends arrive, but loses the answers of the first `times`: as a dying relay does."""

    def __init__(self, stream: EventStream, *, times: int) -> None:
        self._stream = stream
        self._left = times

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        stream_ids = await self._stream.append(entries, after=after, above=above)
        if self._left:
            self._left -= 1
            raise DependencyUnavailable("redis", detail="TimeoutError")
        return stream_ids


class RecordingConsumerMetrics:
    """Implements the consumer's metrics."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.lags_seconds: list[float] = []
        self.letters: int | None = None
        self.is_working = False

    def handled(self, outcome: str, event_type: str) -> None:  # noqa: ARG002 - the protocol's
        self.outcomes[outcome] += 1

    def lag(self, seconds: float) -> None:
        self.lags_seconds.append(seconds)

    def buried(self, reason: str) -> None:
        self.reasons[reason] += 1

    def failed(self, cause: str) -> None:
        self.failures[cause] += 1

    def dead_letters(self, count: int) -> None:
        self.letters = count

    def working(self, *, is_working: bool) -> None:
        self.is_working = is_working
