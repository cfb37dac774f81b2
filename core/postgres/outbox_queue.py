"""The outbox in PostgreSQL, as the relay sees it."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from opentelemetry.trace import NoOpTracer

from core.domain.ports.outbox_relay import Backlog, OutboxClaim, PublishedEvent
from core.postgres import outbox_relay_rows as rows
from core.postgres.execution import Executor, ReadExecutor
from core.postgres.pool import Pool
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import begin

LOCK_NAMESPACE = 0x6F757462
"""First half of the advisory locks that claims are made of; the second is a hash of the person.

Two people with one hash only wait for each other. PostgreSQL keeps pairs apart from locks with one
64-bit key, so this number need differ from the first halves of other pairs alone.
"""

WINDOW_FACTOR = 4
"""A claim looks through this many times the events that it may take.

What other relays hold at that moment is among them, and should not hide the rest.
"""

BACKLOG_BOUND = 100_000
"""Where counting the backlog stops; reaching it takes some 10 ms."""


class PostgresOutboxQueue:
    """Implements the port OutboxQueue."""

    def __init__(self, pool: Pool) -> None:
        """Take the pool to borrow from."""
        self._pool = pool
        # Spans of a few polls a second, most of which find nothing, would bury all others.
        self._spans = StatementSpans(NoOpTracer(), database=pool.options.database)
        self._reader = ReadExecutor(pool, self._spans)

    @asynccontextmanager
    async def claim(
        self, *, max_events: int, max_users: int, except_users: Collection[UUID] = ()
    ) -> AsyncIterator[OutboxClaim]:
        """Claim the oldest events of some people whom no other relay holds at this moment."""
        async with begin(self._pool, self._spans) as transaction:
            params = rows.ClaimUsersParams(
                except_users=list(except_users),
                window_size=max_events * WINDOW_FACTOR,
                lock_namespace=LOCK_NAMESPACE,
                max_users=max_users,
            )
            claimed = await transaction.executor.many(rows.CLAIM_WAITING_USERS, params)
            yield _Claim(
                transaction.executor, await _read(transaction.executor, claimed, max_events)
            )
            await transaction.commit()

    async def backlog(self) -> Backlog:
        """Count the events that wait, up to `BACKLOG_BOUND`."""
        params = rows.BacklogParams(bound=BACKLOG_BOUND)
        measured = await self._reader.one(rows.MEASURE_BACKLOG, params)
        return Backlog(
            count=(measured and measured.waiting_count) or 0,
            oldest_occurred_at=measured.oldest_occurred_at if measured else None,
        )


class _Claim:
    """Implements the port OutboxClaim in the transaction that holds the locks."""

    def __init__(self, executor: Executor, records: Sequence[rows.OutboxEventRecord]) -> None:
        self.events = [rows.to_event(record) for record in records]
        self.predecessors = list(
            dict.fromkeys(record.predecessor for record in records if record.predecessor)
        )
        self.newest_stream_id = (records[0].newest_stream_id if records else None) or "0-0"
        self._executor = executor

    async def mark_published(self, published: Sequence[PublishedEvent], *, at: datetime) -> None:
        """Record that the stream holds these events."""
        params = rows.MarkPublishedParams(
            published_at=at,
            sequences=[event.sequence for event in published],
            stream_ids=[event.stream_id for event in published],
        )
        await self._executor.execute(rows.MARK_EVENTS_PUBLISHED, params)


async def _read(
    executor: Executor, claimed: Sequence[rows.ClaimedUserRecord], max_events: int
) -> Sequence[rows.OutboxEventRecord]:
    """Read what the claimed people have waiting, within the window in which they were found."""
    if not claimed:
        return ()
    params = rows.ReadEventsParams(
        user_ids=[record.user_id for record in claimed],
        window_end=claimed[0].window_end,
        max_events=max_events,
    )
    return await executor.many(rows.READ_CLAIMED_EVENTS, params)
