"""Trying one delivery until it is done with, put aside, or left to others."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from core.domain.backoff import Backoff
from core.domain.errors import DependencyUnavailable, RetryableError
from core.domain.ports.clock import Clock
from core.domain.ports.event_source import Delivery, EventSource
from core.events.consumer_metrics import ConsumerMetrics
from core.events.event_handling import EventHandling, Outcome, Verdict

DELIVERY_LIMIT = "DELIVERY_LIMIT"
"""The reason of a dead letter whose event seems to end every process that works on it."""

INTERNAL = "INTERNAL"
"""The reason of a dead letter whose handler has a defect; replay it once that is mended."""

_log = structlog.get_logger(__name__)


class Interrupted(Exception):
    """The consumer is to stop, and the entry cannot be finished now; others will take it over."""


class DeliveryWork:
    """Finishes deliveries one by one."""

    def __init__(
        self,
        *,
        source: EventSource,
        handling: EventHandling,
        metrics: ConsumerMetrics,
        clock: Clock,
        max_deliveries: int,
        backoff: Callable[[], Backoff],
    ) -> None:
        """Take what is worked with; `backoff` makes a new one for each delivery."""
        self._source = source
        self._handling = handling
        self._metrics = metrics
        self._clock = clock
        self._max_deliveries = max_deliveries
        self._new_backoff = backoff

    async def finish(self, delivery: Delivery, stopping: asyncio.Event) -> None:
        """Apply an event and acknowledge its entry, or put it aside.

        Raises:
            Interrupted: `stopping` was set while something was out of reach.
        """
        verdict = await self._judge(delivery, stopping)
        backoff = self._new_backoff()
        while True:
            try:
                await self._close(delivery, verdict)
            except DependencyUnavailable as error:
                await self._pause(error.dependency, error.detail, backoff, stopping)
            else:
                self._tell(delivery, verdict)
                return

    async def _judge(self, delivery: Delivery, stopping: asyncio.Event) -> Verdict:
        attempts, backoff = delivery.deliveries - 1, self._new_backoff()
        if attempts >= self._max_deliveries:
            detail = f"given out {delivery.deliveries} times without being finished"
            return self._handling.give_up(delivery, reason=DELIVERY_LIMIT, detail=detail)
        while True:
            try:
                return await self._handling.judge(delivery)
            except DependencyUnavailable as error:
                await self._pause(error.dependency, error.detail, backoff, stopping)
                continue
            except RetryableError as error:
                reason, detail = error.reason, str(error)
            except Exception as error:  # noqa: BLE001 - a defect must not stop what comes after
                _log.exception("an event cannot be handled", entry_id=delivery.entry_id)
                reason, detail = INTERNAL, type(error).__name__
            attempts += 1
            if attempts >= self._max_deliveries:
                return self._handling.give_up(delivery, reason=reason, detail=detail)
            await self._pause(reason, detail, backoff, stopping)

    async def _close(self, delivery: Delivery, verdict: Verdict) -> None:
        if verdict.refusal is None:
            await self._source.acknowledge(delivery.entry_id)
        else:
            await self._source.bury(delivery, verdict.refusal, at=self._clock.now())

    def _tell(self, delivery: Delivery, verdict: Verdict) -> None:
        self._metrics.handled(verdict.outcome, verdict.event_type)
        if verdict.outcome is Outcome.APPLIED and verdict.occurred_at is not None:
            lag = (self._clock.now() - verdict.occurred_at).total_seconds()
            self._metrics.lag(max(0.0, lag))
        if (refusal := verdict.refusal) is not None:
            self._metrics.buried(refusal.reason)
            _log.warning(
                "an event became a dead letter",
                entry_id=delivery.entry_id,
                event_id=refusal.event_id,
                event_type=refusal.event_type,
                reason=refusal.reason,
                detail=refusal.detail,
            )

    async def _pause(
        self, cause: str, detail: str | None, backoff: Backoff, stopping: asyncio.Event
    ) -> None:
        pause_seconds = backoff.next_delay_seconds()
        self._metrics.failed(cause)
        self._metrics.working(is_working=False)
        _log.warning("an event waits", cause=cause, detail=detail, retry_in_seconds=pause_seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_seconds)
        if stopping.is_set():
            raise Interrupted
