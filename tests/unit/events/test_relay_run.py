"""How the relay runs and ends, on a stream and an outbox in memory."""

import asyncio

from tests.unit.events.outbox_events import ANNA
from tests.unit.events.relay_on_fakes import (
    DEADLINE_SECONDS,
    POSTGRES_DOWN,
    REDIS_DOWN,
    GatedStream,
    Scene,
    ids,
)


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
