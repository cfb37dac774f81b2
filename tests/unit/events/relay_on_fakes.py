"""A relay with everything around it in memory."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from opentelemetry.trace import NoOpTracer

from core.domain.backoff import BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.ports.outbox_relay import EventStream, OutboxEvent
from core.events.publish_spans import PublishSpans
from core.events.relay import Relay, RelayPolicy
from core.events.stream_care import StreamCare, StreamCarePolicy
from tests.fakes.clock import START, FakeClock
from tests.fakes.events import (
    FakeEventStream,
    FakeOutboxQueue,
    RecordingRelayMetrics,
)
from tests.unit.events.outbox_events import OutboxEvents

DEADLINE_SECONDS = 10.0

REDIS_DOWN = DependencyUnavailable("redis", detail="ConnectionError")
POSTGRES_DOWN = DependencyUnavailable("postgres")


class Scene:
    """A relay with everything around it; its clocks stand still unless a test moves them."""

    def __init__(self, *, batch_size: int = 100, max_length: int = 1_000_000) -> None:
        self.batch_size = batch_size
        self.make = OutboxEvents()
        self.queue = FakeOutboxQueue()
        self.stream = FakeEventStream(max_length=max_length)
        self.clock = FakeClock()
        self.changed = asyncio.Event()
        self.metrics = RecordingRelayMetrics(on_change=self.changed.set)
        self.relay = self.relay_to(self.stream)

    def relay_to(self, stream: EventStream, *, backoff_seconds: float = 0.001) -> Relay:
        return Relay(
            queue=self.queue,
            stream=stream,
            care=StreamCare(
                published=self.queue,
                stream=self.stream,
                policy=StreamCarePolicy(
                    max_length=self.stream.max_length, check_interval_seconds=10.0
                ),
                metrics=self.metrics,
                clock=self.clock,
                monotonic=self.monotonic,
            ),
            policy=RelayPolicy(
                batch_size=self.batch_size,
                poll_interval_seconds=0.001,
                backlog_interval_seconds=5.0,
                backoff=BackoffPolicy(
                    initial_seconds=backoff_seconds, max_seconds=2 * backoff_seconds
                ),
                hold_seconds=30.0,
            ),
            metrics=self.metrics,
            spans=PublishSpans(NoOpTracer(), stream="pandora.user.events"),
            clock=self.clock,
            monotonic=self.monotonic,
            random=lambda: 1.0,
        )

    def monotonic(self) -> float:
        return (self.clock.now() - START).total_seconds()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a state; the relay reports in every turn, so each turn looks again."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class GatedStream:
    """Holds every append until its gate is opened."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        self.entered.set()
        await self.gate.wait()
        return await self._stream.append(entries, after=after, above=above)


def ids(*events: OutboxEvent) -> list[str]:
    return [str(event.id) for event in events]


class CapriciousStream:
    """Appends, refuses, or appends and loses the answer, as a script says."""

    def __init__(self, stream: FakeEventStream, script: Sequence[str]) -> None:
        self._stream = stream
        self._script = list(script)

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        outcome = self._script.pop(0) if self._script else "appended"
        if outcome == "refused":
            raise REDIS_DOWN
        stream_ids = await self._stream.append(entries, after=after, above=above)
        if outcome == "answer lost":
            raise REDIS_DOWN
        return stream_ids
