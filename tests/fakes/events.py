"""A stream and an outbox in memory, and metrics that remember."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from core.domain.errors import DependencyUnavailable
from core.domain.ports.outbox_relay import (
    Backlog,
    EventStream,
    OutboxClaim,
    OutboxEvent,
    PublishedEvent,
)


class FakeEventStream:
    """Implements the port EventStream. `failure`, while it is set, is raised by every append."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.failure: Exception | None = None

    async def append(self, entries: Sequence[str]) -> Sequence[str]:
        if self.failure is not None:
            raise self.failure
        first = len(self.entries) + 1
        self.entries.extend(entries)
        return [f"{number}-0" for number in range(first, first + len(entries))]

    @property
    def event_ids(self) -> list[str]:
        return [json.loads(entry)["id"] for entry in self.entries]


class FakeOutboxQueue:
    """Implements the port OutboxQueue. `failure`, while it is set, is raised by every call."""

    def __init__(self) -> None:
        self.waiting: list[OutboxEvent] = []
        self.published: list[tuple[PublishedEvent, datetime]] = []
        self.failure: Exception | None = None
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
            claim = _FakeClaim(tuple(e for e in free if e.user_id in users)[:max_events])
            yield claim
            self._check()
            self._settle(claim)
        finally:
            self._claimed_users -= users

    async def backlog(self) -> Backlog:
        self._check()
        oldest = self.waiting[0].occurred_at if self.waiting else None
        return Backlog(count=len(self.waiting), oldest_occurred_at=oldest)

    def _settle(self, claim: "_FakeClaim") -> None:
        done = {published.sequence for published, _ in claim.marks}
        self.waiting = [event for event in self.waiting if event.sequence not in done]
        self.published.extend(claim.marks)

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass
class _FakeClaim:
    events: Sequence[OutboxEvent]
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

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        self.backlogs.append((count, oldest_age_seconds))
        self._on_change()


class AnswerLostStream:
    """Lets appends arrive, but loses the answers of the first `times`: as a dying relay does."""

    def __init__(self, stream: EventStream, *, times: int) -> None:
        self._stream = stream
        self._left = times

    async def append(self, entries: Sequence[str]) -> Sequence[str]:
        stream_ids = await self._stream.append(entries)
        if self._left:
            self._left -= 1
            raise DependencyUnavailable("redis", detail="TimeoutError")
        return stream_ids
