"""The consumer: handles what other services tell. Any number of replicas may run.

What is promised, and what keeps the promise:

- Each event takes effect once: its id is recorded in the transaction of its effect, and the entry
  is acknowledged afterwards. Whatever fails in between leads to a repeat, which changes nothing.
- Nothing is lost: an entry stays with the group until it is acknowledged or moved to the dead
  letters. What a dead replica held is taken over by another.
- An outage is no fault of an event: while something is out of reach the same event is tried again,
  for as long as it takes. Only errors that concern the event itself are counted.
- One bad event stops nobody: what cannot be applied is put aside with its reason.

One replica handles its entries one by one in the stream's order. Across replicas, and after a
replica has died, order is not promised; rules such as KYC's transitions decide what may follow.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from core.domain.backoff import Backoff, BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.ports.clock import Clock
from core.domain.ports.event_source import DeadLetters, Delivery, EventSource
from core.events.consumer_metrics import ConsumerMetrics
from core.events.delivery_work import DeliveryWork, Interrupted
from core.events.event_handling import EventHandling

_log = structlog.get_logger(__name__)

_BACKOFF = BackoffPolicy(initial_seconds=0.1, max_seconds=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerPolicy:
    """How long an entry is somebody's, and how often it is tried."""

    claim_idle_seconds: float
    max_deliveries: int
    backoff: BackoffPolicy = _BACKOFF


class Consumer:
    """Runs until it is told to stop; no outage ends it."""

    def __init__(
        self,
        *,
        source: EventSource,
        letters: DeadLetters,
        handling: EventHandling,
        policy: ConsumerPolicy,
        metrics: ConsumerMetrics,
        clock: Clock,
        monotonic: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Take what it reads and what handles it; `random` answers from 0 to 1."""
        self._source = source
        self._letters = letters
        self._policy = policy
        self._metrics = metrics
        self._monotonic = monotonic
        self._backoff = Backoff(policy.backoff, random)
        self._work = DeliveryWork(
            source=source,
            handling=handling,
            metrics=metrics,
            clock=clock,
            max_deliveries=policy.max_deliveries,
            backoff=lambda: Backoff(policy.backoff, random),
        )
        self._is_open = False
        self._round_due = monotonic()

    async def run(self, stopping: asyncio.Event) -> None:
        """Handle events until `stopping` is set; those in hand are finished first."""
        while not stopping.is_set():
            pause_seconds = await self._turn(stopping)
            if pause_seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause_seconds)
        with contextlib.suppress(DependencyUnavailable):
            await self._source.leave()

    async def _turn(self, stopping: asyncio.Event) -> float:
        """Handle some entries; return how many seconds to wait before the next."""
        try:
            if not self._is_open:
                await self._source.open()
                self._is_open = True
            await self._handle(await self._next(), stopping)
        except Interrupted:
            return 0.0
        except DependencyUnavailable as error:
            # The group may be gone with a server that was restarted empty.
            self._is_open = False
            return self._failed(error.dependency, detail=error.detail)
        except Exception:  # noqa: BLE001 - it is logged and counted, and a dead consumer helps nobody
            _log.exception("a turn of the consumer failed for an unknown reason")
            return self._failed("internal", detail=None)
        self._backoff.reset()
        self._metrics.working(is_working=True)
        return 0.0

    async def _next(self) -> Sequence[Delivery]:
        """Return what others have left lying, from time to time, and else what is new."""
        if self._monotonic() >= self._round_due:
            if abandoned := await self._source.take_over():
                _log.info("events_taken_over", events=len(abandoned))
                return abandoned
            for name in await self._source.forget_idle():
                _log.info("consumer_forgotten", consumer=name)
            self._metrics.dead_letters(await self._letters.count())
            self._round_due = self._monotonic() + self._policy.claim_idle_seconds / 2
        return await self._source.read()

    async def _handle(self, deliveries: Sequence[Delivery], stopping: asyncio.Event) -> None:
        in_hand = {delivery.entry_id for delivery in deliveries}
        async with self._kept(in_hand):
            for delivery in deliveries:
                await self._work.finish(delivery, stopping)
                in_hand.discard(delivery.entry_id)

    @asynccontextmanager
    async def _kept(self, in_hand: set[str]) -> AsyncIterator[None]:
        """Keep others from taking over what is in hand, however long an outage lasts."""
        finished = asyncio.Event()
        keeping = asyncio.create_task(self._keep(in_hand, finished))
        try:
            yield
        finally:
            # A cancellation alone can get lost, and would be waited for without end: where Redis
            # answers at the same moment, Python 3.11's `wait_for`, which the driver writes with,
            # hides it (mended in 3.12).
            finished.set()
            keeping.cancel()
            # `wait`, since suppressing what the task ends with would suppress a cancellation of
            # this one as well.
            await asyncio.wait({keeping})
            if not keeping.cancelled():
                keeping.result()

    async def _keep(self, in_hand: set[str], finished: asyncio.Event) -> None:
        while not finished.is_set():
            await asyncio.sleep(self._policy.claim_idle_seconds / 3)
            with contextlib.suppress(DependencyUnavailable):
                await self._source.keep(tuple(in_hand))

    def _failed(self, cause: str, *, detail: str | None) -> float:
        pause_seconds = self._backoff.next_delay_seconds()
        self._metrics.failed(cause)
        self._metrics.working(is_working=False)
        _log.warning(
            "events wait in the stream", cause=cause, detail=detail, retry_in_seconds=pause_seconds
        )
        return pause_seconds
