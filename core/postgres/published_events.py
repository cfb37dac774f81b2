"""What the outbox in PostgreSQL records of the stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from opentelemetry.trace import NoOpTracer

from core.domain.ports.outbox_relay import PublishedEvent
from core.postgres.execution import ReadExecutor
from core.postgres.pool import Pool
from core.postgres.statements import Exec, Many
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import begin


class PublishedPageParams(TypedDict):
    """Where the page begins, and its size."""

    after: str
    row_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRecord:
    """An event that was published, and where."""

    sequence: int
    stream_id: str | None


class RequeueParams(TypedDict):
    """What the stream has lost; the two lists go in step."""

    sequences: list[int]
    stream_ids: list[str]


class NoteTrimParams(TypedDict):
    """Below which id, and when."""

    below: str
    trimmed_at: datetime


PAGE_PUBLISHED_EVENTS = Many(
    "published_events", "page_published_events", PublishedPageParams, PublishedRecord
)
REQUEUE_LOST_EVENTS = Exec("published_events", "requeue_lost_events", RequeueParams)
NOTE_STREAM_TRIM = Exec("published_events", "note_stream_trim", NoteTrimParams)


class PostgresPublishedEvents:
    """Implements the port PublishedEvents."""

    def __init__(self, pool: Pool) -> None:
        """Take the pool to borrow from."""
        self._pool = pool
        # As with the relay's polls: a few a second would bury all other spans.
        self._spans = StatementSpans(NoOpTracer(), database=pool.options.database)
        self._reader = ReadExecutor(pool, self._spans)

    async def page(self, *, after: str, limit: int) -> Sequence[PublishedEvent]:
        """Return events above a stream id by rising stream id, without what may be trimmed."""
        params = PublishedPageParams(after=after, row_limit=limit)
        return [
            PublishedEvent(sequence=record.sequence, stream_id=record.stream_id)
            for record in await self._reader.many(PAGE_PUBLISHED_EVENTS, params)
            if record.stream_id is not None
        ]

    async def requeue(self, lost: Sequence[PublishedEvent]) -> int:
        """Let events wait again that are recorded under exactly these ids."""
        params = RequeueParams(
            sequences=[event.sequence for event in lost],
            stream_ids=[event.stream_id for event in lost],
        )
        async with begin(self._pool, self._spans) as transaction:
            touched = await transaction.executor.execute(REQUEUE_LOST_EVENTS, params)
            await transaction.commit()
        return touched

    async def note_trim(self, below: str, *, at: datetime) -> None:
        """Record that entries below a stream id may be trimmed from now on."""
        params = NoteTrimParams(below=below, trimmed_at=at)
        async with begin(self._pool, self._spans) as transaction:
            await transaction.executor.execute(NOTE_STREAM_TRIM, params)
            await transaction.commit()
