"""The relay: carries events from the outbox to the stream. Any number of replicas may run.

What is promised, and what keeps the promise:

- Nothing is lost: an event is marked only after the stream has confirmed it.
- The same id on a repeat: whatever fails between confirmation and mark is sent again as it is.
- Nothing that was published gets lost with the stream: what it should hold is on record, and what
  it lacks is sent again (see `stream_care`).
- Order per person: writers hold the person's row while they take a sequence number, so numbers
  grow in commit order; one relay at a time holds a person; and every append begins at the person's
  first unmarked event and has no gap. So even an append that times out and is executed late can
  only repeat events: the first appearances stay in order. An append names each person's last entry
  and is refused where the stream has lost it, so that nothing overtakes what is to be sent again.

New events are found by polling. NOTIFY would wake the relay sooner, but in PostgreSQL a transaction
that notifies commits under a lock of the whole cluster, which every registration, login and
refresh would then queue for; an empty poll is one look at an index that holds waiting rows alone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from core.domain.backoff import Backoff, BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.ports.clock import Clock
from core.domain.ports.outbox_relay import (
    EntriesMissing,
    EventStream,
    OutboxEvent,
    OutboxQueue,
    PublishedEvent,
    StreamFull,
)
from core.events.batch_encoder import BatchEncoder
from core.events.held_users import HeldUsers
from core.events.publish_spans import PublishSpans
from core.events.relay_metrics import RelayMetrics
from core.events.stream_care import StreamCare

_log = structlog.get_logger(__name__)

_STREAM_FULL = "stream_full"
_OUT_OF_MEMORY = "OOM"

_BACKOFF = BackoffPolicy(initial_seconds=0.1, max_seconds=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPolicy:
    """How much the relay takes at a time, and how long it waits for what."""

    batch_size: int
    """Most events in one append."""
    max_users: int = 100
    """Most people in one claim; leaves some to other replicas."""
    poll_interval_seconds: float
    backlog_interval_seconds: float
    """How often the backlog is measured."""
    backoff: BackoffPolicy = _BACKOFF
    hold_seconds: float = 30.0
    """How long a person is set aside whose next event cannot be encoded."""


class Relay:
    """Runs until it is told to stop; no outage ends it."""

    def __init__(  # noqa: PLR0913 - each is another collaborator, and named
        self,
        *,
        queue: OutboxQueue,
        stream: EventStream,
        care: StreamCare,
        policy: RelayPolicy,
        metrics: RelayMetrics,
        spans: PublishSpans,
        clock: Clock,
        monotonic: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Take what it works on; `monotonic` is in seconds, `random` answers from 0 to 1."""
        self._queue = queue
        self._stream = stream
        self._care = care
        self._policy = policy
        self._metrics = metrics
        self._spans = spans
        self._clock = clock
        self._monotonic = monotonic
        self._encoder = BatchEncoder(HeldUsers(policy.hold_seconds, monotonic), metrics)
        self._backoff = Backoff(policy.backoff, random)
        self._backlog_due = monotonic()

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until `stopping` is set; a batch that has begun is finished first."""
        while not stopping.is_set():
            pause_seconds = await self._turn()
            if pause_seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause_seconds)

    async def relay_batch(self) -> int:
        """Claim, publish and mark one batch; return how many events were found.

        Raises:
            DependencyUnavailable: outbox or stream is out of reach; nothing was marked.
            EntriesMissing: the stream has lost an entry that these events come after.
            StreamFull: the stream has no room for them.
        """
        async with self._queue.claim(
            max_events=self._policy.batch_size,
            max_users=self._policy.max_users,
            except_users=self._encoder.held_users,
        ) as claim:
            events, entries = self._encoder.encode(claim.events)
            if not events:
                return len(claim.events)
            began_at = self._clock.now()
            stream_ids = await self._stream.append(
                entries, after=claim.predecessors, above=claim.newest_stream_id
            )
            published_at = self._clock.now()
            await claim.mark_published(_pair(events, stream_ids), at=published_at)
        self._spans.record(events, began_at=began_at, ended_at=published_at)
        self._metrics.published([_lag_seconds(event, published_at) for event in events])
        return len(claim.events)

    async def _turn(self) -> float:
        """Do one batch; return how many seconds to wait before the next."""
        try:
            # Before the batch, because the backlog matters most while batches fail.
            await self._measure_backlog()
            await self._care.look_for_losses()
            found = await self.relay_batch()
        except StreamFull:
            return await self._make_room()
        except EntriesMissing:
            self._care.suspect()
            return self._failed("entries_missing", detail=None)
        except DependencyUnavailable as error:
            self._care.doubt()
            return self._failed(error.dependency, detail=error.detail)
        except Exception:  # noqa: BLE001 - it is logged and counted; see below
            # A defect, or an error that no adapter translates. It may concern one batch alone,
            # and a relay that has died helps nobody.
            _log.exception("a batch of events failed for an unknown reason")
            return self._failed("internal", detail=None)
        self._succeeded()
        return 0.0 if found else self._policy.poll_interval_seconds

    async def _make_room(self) -> float:
        try:
            if await self._care.make_room(self._policy.batch_size):
                return 0.0
        except DependencyUnavailable as error:
            return self._failed(error.dependency, detail=error.detail)
        return self._failed(_STREAM_FULL, detail=None)

    async def _measure_backlog(self) -> None:
        if self._monotonic() < self._backlog_due:
            return
        backlog = await self._queue.backlog()
        self._backlog_due = self._monotonic() + self._policy.backlog_interval_seconds
        oldest = backlog.oldest_occurred_at
        age_seconds = 0.0 if oldest is None else (self._clock.now() - oldest).total_seconds()
        self._metrics.backlog(backlog.count, max(0.0, age_seconds))
        await self._care.measure()

    def _succeeded(self) -> None:
        self._backoff.reset()
        self._metrics.blocked(stream_full=False, memory_full=False)

    def _failed(self, cause: str, *, detail: str | None) -> float:
        pause_seconds = self._backoff.next_delay_seconds()
        self._metrics.failed(cause)
        self._metrics.blocked(
            stream_full=cause == _STREAM_FULL, memory_full=detail == _OUT_OF_MEMORY
        )
        _log.warning(
            "events wait in the outbox", cause=cause, detail=detail, retry_in_seconds=pause_seconds
        )
        return pause_seconds


def _pair(events: Sequence[OutboxEvent], stream_ids: Sequence[str]) -> list[PublishedEvent]:
    return [
        PublishedEvent(sequence=event.sequence, stream_id=stream_id)
        for event, stream_id in zip(events, stream_ids, strict=True)
    ]


def _lag_seconds(event: OutboxEvent, published_at: datetime) -> float:
    return max(0.0, (published_at - event.occurred_at).total_seconds())
