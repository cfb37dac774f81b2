"""What the relay promises, on a stream and an outbox in memory."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import NoOpTracer

from core.domain.errors import DependencyUnavailable
from core.domain.ports.outbox_relay import EventStream, OutboxEvent
from core.events.backoff import BackoffPolicy
from core.events.publish_spans import PublishSpans
from core.events.relay import Relay, RelayPolicy
from tests.fakes.clock import START, FakeClock
from tests.fakes.events import (
    AnswerLostStream,
    FakeEventStream,
    FakeOutboxQueue,
    RecordingRelayMetrics,
)
from tests.unit.events.outbox_events import ANNA, BEN, CARA, TRACE_ID, OutboxEvents

DEADLINE_SECONDS = 10.0

REDIS_DOWN = DependencyUnavailable("redis", detail="ConnectionError")
POSTGRES_DOWN = DependencyUnavailable("postgres")


class Scene:
    """A relay with everything around it; its clocks stand still unless a test moves them."""

    def __init__(self, *, batch_size: int = 100) -> None:
        self.batch_size = batch_size
        self.make = OutboxEvents()
        self.queue = FakeOutboxQueue()
        self.stream = FakeEventStream()
        self.clock = FakeClock()
        self.changed = asyncio.Event()
        self.metrics = RecordingRelayMetrics(on_change=self.changed.set)
        self.relay = self.relay_to(self.stream)

    def relay_to(self, stream: EventStream, *, backoff_seconds: float = 0.001) -> Relay:
        return Relay(
            queue=self.queue,
            stream=stream,
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

    async def append(self, entries: Sequence[str]) -> Sequence[str]:
        self.entered.set()
        await self.gate.wait()
        return await self._stream.append(entries)


def ids(*events: OutboxEvent) -> list[str]:
    return [str(event.id) for event in events]


async def test_events_arrive_in_order_and_are_marked_with_their_stream_ids() -> None:
    scene = Scene()
    first, second, third = (scene.make.of(user) for user in (ANNA, BEN, ANNA))
    scene.queue.add(first, second, third)
    assert await scene.relay.relay_batch() == 3
    assert scene.stream.event_ids == ids(first, second, third)
    marks = [(mark.sequence, mark.stream_id, at) for mark, at in scene.queue.published]
    assert marks == [(1, "1-0", START), (2, "2-0", START), (3, "3-0", START)]
    assert scene.queue.waiting == []


async def test_an_empty_outbox_touches_no_stream() -> None:
    scene = Scene()
    scene.stream.failure = REDIS_DOWN
    assert await scene.relay.relay_batch() == 0


async def test_a_batch_is_no_greater_than_configured() -> None:
    scene = Scene(batch_size=2)
    scene.queue.add(*(scene.make.of(ANNA) for _ in range(5)))
    assert [await scene.relay.relay_batch() for _ in range(4)] == [2, 2, 1, 0]


async def test_nothing_is_marked_while_the_stream_is_down_and_all_arrives_later() -> None:
    scene = Scene()
    event = scene.make.of(ANNA)
    scene.queue.add(event)
    scene.stream.failure = REDIS_DOWN
    with pytest.raises(DependencyUnavailable):
        await scene.relay.relay_batch()
    assert scene.queue.waiting == [event]
    scene.stream.failure = None
    await scene.relay.relay_batch()
    assert scene.stream.event_ids == ids(event)


async def test_a_lost_answer_leads_to_a_repeat_with_the_same_content() -> None:
    scene = Scene()
    relay = scene.relay_to(AnswerLostStream(scene.stream, times=1))
    first, second = scene.make.of(ANNA), scene.make.of(ANNA)
    scene.queue.add(first, second)
    with pytest.raises(DependencyUnavailable):
        await relay.relay_batch()
    await relay.relay_batch()
    assert scene.stream.event_ids == ids(first, second, first, second)
    assert scene.stream.entries[:2] == scene.stream.entries[2:]


async def test_a_mark_that_was_lost_leads_to_a_repeat() -> None:
    scene = Scene()
    gated = GatedStream(scene.stream)
    event = scene.make.of(ANNA)
    scene.queue.add(event)
    batch = asyncio.create_task(scene.relay_to(gated).relay_batch())
    await gated.entered.wait()
    scene.queue.failure = POSTGRES_DOWN
    gated.gate.set()
    with pytest.raises(DependencyUnavailable):
        await batch
    scene.queue.failure = None
    await scene.relay.relay_batch()
    assert scene.stream.event_ids == ids(event, event)


async def test_a_bad_row_holds_up_its_own_person_and_nobody_else() -> None:
    scene = Scene()
    before, bad, after = scene.make.of(ANNA), scene.make.bad(ANNA), scene.make.of(ANNA)
    of_ben = scene.make.of(BEN)
    scene.queue.add(before, bad, after, of_ben)
    await scene.relay.relay_batch()
    assert scene.stream.event_ids == ids(before, of_ben)
    assert scene.queue.waiting == [bad, after]
    assert scene.metrics.held_users == 1


async def test_people_behind_bad_rows_do_not_take_up_the_batch() -> None:
    scene = Scene(batch_size=2)
    of_cara = scene.make.of(CARA)
    scene.queue.add(scene.make.bad(ANNA), scene.make.bad(BEN), of_cara)
    await scene.relay.relay_batch()
    assert scene.stream.event_ids == []
    await scene.relay.relay_batch()
    assert scene.stream.event_ids == ids(of_cara)


async def test_a_repaired_row_is_found_after_a_while_without_a_restart() -> None:
    scene = Scene()
    bad, after = scene.make.bad(ANNA), scene.make.of(ANNA)
    scene.queue.add(bad, after)
    await scene.relay.relay_batch()
    scene.queue.waiting[0] = replace(bad, trace_id=TRACE_ID)
    scene.clock.advance(29.0)
    assert await scene.relay.relay_batch() == 0
    scene.clock.advance(1.0)
    assert await scene.relay.relay_batch() == 2
    assert scene.stream.event_ids == ids(bad, after)
    await scene.relay.relay_batch()
    assert scene.metrics.held_users == 0


async def test_two_relays_never_hold_one_person_at_once() -> None:
    scene = Scene()
    first = scene.make.of(ANNA)
    scene.queue.add(first)
    gated = GatedStream(scene.stream)
    slow = asyncio.create_task(scene.relay_to(gated).relay_batch())
    await gated.entered.wait()
    second, of_ben = scene.make.of(ANNA), scene.make.of(BEN)
    scene.queue.add(second, of_ben)
    assert await scene.relay.relay_batch() == 1
    gated.gate.set()
    await slow
    await scene.relay.relay_batch()
    assert scene.stream.event_ids == ids(of_ben, first, second)


async def test_the_lag_of_each_event_is_reported_once_it_is_marked() -> None:
    scene = Scene()
    scene.queue.add(scene.make.of(ANNA), scene.make.of(BEN))
    scene.stream.failure = REDIS_DOWN
    with pytest.raises(DependencyUnavailable):
        await scene.relay.relay_batch()
    assert scene.metrics.lags_seconds == []
    scene.stream.failure = None
    scene.clock.advance(10.0)
    await scene.relay.relay_batch()
    assert scene.metrics.lags_seconds == [9.0, 8.0]


async def test_it_outlives_every_outage_and_recovers_by_itself() -> None:
    scene = Scene()
    event = scene.make.of(ANNA)
    scene.queue.add(event)
    stopping = asyncio.Event()
    scene.stream.failure = REDIS_DOWN
    running = asyncio.create_task(scene.relay.run(stopping))
    await scene.until(lambda: scene.metrics.failures["redis"] >= 3)
    scene.stream.failure, scene.queue.failure = None, POSTGRES_DOWN
    await scene.until(lambda: scene.metrics.failures["postgres"] >= 3)
    scene.queue.failure = RuntimeError("a defect")
    await scene.until(lambda: scene.metrics.failures["internal"] >= 3)
    scene.queue.failure = None
    await scene.until(lambda: not scene.queue.waiting)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)
    assert scene.stream.event_ids == ids(event)


async def test_the_backlog_is_measured_while_the_stream_is_down() -> None:
    scene = Scene()
    scene.queue.add(scene.make.of(ANNA), scene.make.of(ANNA))
    scene.clock.advance(61.0)
    scene.stream.failure = REDIS_DOWN
    stopping = asyncio.Event()
    running = asyncio.create_task(scene.relay.run(stopping))
    await scene.until(lambda: bool(scene.metrics.backlogs))
    scene.clock.advance(5.0)
    await scene.until(lambda: len(scene.metrics.backlogs) > 1)
    scene.stream.failure = None
    await scene.until(lambda: not scene.queue.waiting)
    scene.clock.advance(5.0)
    await scene.until(lambda: len(scene.metrics.backlogs) > 2)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)
    assert scene.metrics.backlogs == [(2, 60.0), (2, 65.0), (0, 0.0)]


async def test_a_stop_lets_the_batch_end_that_has_begun() -> None:
    scene = Scene()
    event = scene.make.of(ANNA)
    scene.queue.add(event)
    gated = GatedStream(scene.stream)
    stopping = asyncio.Event()
    running = asyncio.create_task(scene.relay_to(gated).run(stopping))
    await gated.entered.wait()
    stopping.set()
    gated.gate.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)
    assert [mark.sequence for mark, _ in scene.queue.published] == [event.sequence]


async def test_a_stop_does_not_wait_for_a_back_off_to_end() -> None:
    scene = Scene()
    scene.queue.failure = POSTGRES_DOWN
    stopping = asyncio.Event()
    relay = scene.relay_to(scene.stream, backoff_seconds=3600.0)
    running = asyncio.create_task(relay.run(stopping))
    await scene.until(lambda: scene.metrics.failures["postgres"] == 1)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)


class CapriciousStream:
    """Appends, refuses, or appends and loses the answer, as a script says."""

    def __init__(self, stream: FakeEventStream, script: Sequence[str]) -> None:
        self._stream = stream
        self._script = list(script)

    async def append(self, entries: Sequence[str]) -> Sequence[str]:
        outcome = self._script.pop(0) if self._script else "appended"
        if outcome == "refused":
            raise REDIS_DOWN
        stream_ids = await self._stream.append(entries)
        if outcome == "answer lost":
            raise REDIS_DOWN
        return stream_ids


@given(
    owners=st.lists(st.sampled_from([ANNA, BEN, CARA]), min_size=1, max_size=12),
    script=st.lists(st.sampled_from(["appended", "refused", "answer lost"]), max_size=8),
    batch_size=st.integers(min_value=1, max_value=4),
)
def test_first_appearances_keep_each_persons_order_whatever_goes_wrong(
    owners: list[UUID], script: list[str], batch_size: int
) -> None:
    async def relay_all() -> tuple[list[OutboxEvent], list[str]]:
        scene = Scene(batch_size=batch_size)
        events = [scene.make.of(owner) for owner in owners]
        relay = scene.relay_to(CapriciousStream(scene.stream, script))
        for event in events:
            scene.queue.add(event)
            await _attempt(relay)
        while scene.queue.waiting:
            await _attempt(relay)
        return events, scene.stream.entries

    events, entries = asyncio.run(relay_all())
    arrived = list(dict.fromkeys(json.loads(entry)["id"] for entry in entries))
    for user in (ANNA, BEN, CARA):
        written = ids(*(event for event in events if event.user_id == user))
        assert [event_id for event_id in arrived if event_id in written] == written


async def _attempt(relay: Relay) -> None:
    try:
        await relay.relay_batch()
    except DependencyUnavailable:
        return
