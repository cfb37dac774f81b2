"""When the relay looks after the stream: losses are looked for, and room is made at the bound."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from core.domain.ports.clock import Clock
from core.domain.ports.stream_upkeep import PublishedEvents, StreamUpkeep
from core.events.loss_check import LossCheck
from core.events.relay_metrics import RelayMetrics

_LARGEST_TRIM = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCarePolicy:
    """How long the stream may get, in entries, and how often losses are looked for."""

    max_length: int
    check_interval_seconds: float


class StreamCare:
    """Any number of relays may do this at once: all of it is harmless when done twice."""

    def __init__(
        self,
        *,
        published: PublishedEvents,
        stream: StreamUpkeep,
        policy: StreamCarePolicy,
        metrics: RelayMetrics,
        clock: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        """Take what is on record, what the stream holds, and a clock that never goes back."""
        self._published = published
        self._stream = stream
        self._policy = policy
        self._metrics = metrics
        self._clock = clock
        self._monotonic = monotonic
        self._losses = LossCheck(published, stream, metrics)
        self._due = monotonic()

    def doubt(self) -> None:
        """Look for losses before the next batch: another server may answer from now on."""
        self._due = self._monotonic()

    def suspect(self) -> None:
        """Look at every entry before the next batch: one was seen to be missing."""
        self._losses.suspect()
        self.doubt()

    async def look_for_losses(self) -> None:
        """Look, if it is time to.

        Raises:
            DependencyUnavailable: record or stream is out of reach; the look stays due.
        """
        if self._monotonic() < self._due:
            return
        await self._losses.run()
        self._due = self._monotonic() + self._policy.check_interval_seconds

    async def make_room(self, count: int) -> bool:
        """Trim the oldest entries that every group has done with; tell whether any could go.

        What is trimmed is recorded before, so that it is never taken for a loss. Where no group
        has registered the oldest go: nobody has asked for them to be kept.
        """
        chunk = max(count, min(_LARGEST_TRIM, self._policy.max_length // 10))
        below = await self._stream.trimmable_below(at_most=chunk)
        if below is None:
            return False
        await self._published.note_trim(below, at=self._clock.now())
        trimmed = await self._stream.trim(below)
        _log.info("stream_trimmed", entries=trimmed, below=below)
        return True

    async def measure(self) -> None:
        """Report how long the stream is, and how far its readers are behind."""
        measured = await self._stream.measure()
        self._metrics.stream(measured.length, measured.unread)
