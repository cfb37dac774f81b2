"""What is in hand is kept from others, and no longer than it is in hand."""

import asyncio
import time
from collections.abc import Collection, Sequence
from datetime import datetime

import pytest

from core.domain.ports.event_source import DeadLetter, Delivery, Refusal
from core.events.consumer import Consumer, ConsumerPolicy
from core.events.event_handling import EventHandling, Outcome, Verdict
from core.observability.clock import SystemClock
from tests.fakes.events import RecordingConsumerMetrics

CLAIM_IDLE_SECONDS = 0.03


class DeafSource:
    """Gives out one entry. Whoever keeps it is told to stop when that has just succeeded.

    Python 3.11's `asyncio.wait_for`, which the driver writes with, then hides the cancellation.
    """

    def __init__(self) -> None:
        self.keeping = asyncio.Event()
        self.acknowledged: list[str] = []
        self.reads = 0
        self.is_deaf = True

    async def open(self) -> None:
        """Do nothing."""

    async def read(self) -> Sequence[Delivery]:
        self.reads += 1
        await asyncio.sleep(0)
        return [Delivery(entry_id="1-0", text="{}")] if self.reads == 1 else []

    async def take_over(self) -> Sequence[Delivery]:
        return []

    async def keep(self, entry_ids: Collection[str]) -> None:
        del entry_ids
        self.keeping.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.is_deaf:
                raise
            self.is_deaf = False

    async def acknowledge(self, entry_id: str) -> None:
        self.acknowledged.append(entry_id)

    async def bury(self, delivery: Delivery, refusal: Refusal, *, at: datetime) -> bool:
        raise AssertionError((delivery, refusal, at))

    async def forget_idle(self) -> Sequence[str]:
        return []

    async def leave(self) -> None:
        """Do nothing."""


class SlowSource(DeafSource):
    """Takes its time to let go of what it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    async def keep(self, entry_ids: Collection[str]) -> None:
        del entry_ids
        self.keeping.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.told.set()
            await asyncio.sleep(0.05)


class NoLetters:
    async def count(self) -> int:
        return 0

    async def page(self, *, after: str, limit: int) -> Sequence[DeadLetter]:
        raise AssertionError((after, limit))

    async def replay(self, letter_id: str) -> str | None:
        raise AssertionError(letter_id)


class LongHandling(EventHandling):
    """Works on an event until it is being kept."""

    def __init__(self, source: DeafSource) -> None:
        self._source = source

    async def judge(self, delivery: Delivery) -> Verdict:
        del delivery
        await self._source.keeping.wait()
        return Verdict(outcome=Outcome.APPLIED)


def consumer_of(source: DeafSource) -> Consumer:
    return Consumer(
        source=source,
        letters=NoLetters(),
        handling=LongHandling(source),
        policy=ConsumerPolicy(claim_idle_seconds=CLAIM_IDLE_SECONDS, max_deliveries=2),
        metrics=RecordingConsumerMetrics(),
        clock=SystemClock(),
        monotonic=time.monotonic,
        random=lambda: 0.5,
    )


@pytest.mark.asyncio
async def test_a_consumer_goes_on_although_the_end_of_keeping_was_not_heard() -> None:
    source, stopping = DeafSource(), asyncio.Event()
    consumer = consumer_of(source)
    running = asyncio.create_task(consumer.run(stopping))
    try:
        async with asyncio.timeout(10):
            while source.reads < 2:  # noqa: ASYNC110 - the consumer brings it about
                await asyncio.sleep(0.01)
    finally:
        stopping.set()
        if source.reads < 2:
            running.cancel()
        await running
    assert source.acknowledged == ["1-0"]


@pytest.mark.asyncio
async def test_a_consumer_that_is_cancelled_while_it_lets_go_ends() -> None:
    source = SlowSource()
    running = asyncio.create_task(consumer_of(source).run(asyncio.Event()))
    await source.told.wait()
    running.cancel()
    await asyncio.wait({running}, timeout=10)
    was_cancelled = running.cancelled()
    running.cancel()
    assert was_cancelled
