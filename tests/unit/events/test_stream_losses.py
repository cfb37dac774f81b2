"""A stream that has lost entries gets their events again, in order; on fakes."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ports.outbox_relay import EntriesMissing
from core.events.relay import Relay
from tests.unit.events.outbox_events import ANNA, BEN, CARA
from tests.unit.events.relay_on_fakes import DEADLINE_SECONDS, REDIS_DOWN, Scene, ids


async def run_until_idle(scene: Scene, relay: Relay | None = None) -> None:
    """Run a relay until nothing waits and it has looked at the stream."""
    stopping = asyncio.Event()
    before = len(scene.metrics.backlogs)
    running = asyncio.create_task((relay or scene.relay).run(stopping))
    scene.clock.advance(60.0)
    await scene.until(lambda: len(scene.metrics.backlogs) > before and not scene.queue.waiting)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)


async def test_a_stream_that_was_emptied_gets_everything_again_in_order() -> None:
    scene = Scene()
    events = [scene.make.of(user) for user in (ANNA, BEN, ANNA)]
    scene.queue.add(*events)
    await run_until_idle(scene)
    scene.stream.lose(slice(None))
    later = scene.make.of(ANNA)
    scene.queue.add(later)
    await run_until_idle(scene)
    assert scene.stream.event_ids == ids(*events, later)
    assert scene.metrics.lost_events == 3


async def test_only_what_is_missing_is_sent_again() -> None:
    scene = Scene()
    events = [scene.make.of(user) for user in (ANNA, BEN, ANNA, BEN)]
    scene.queue.add(*events)
    await run_until_idle(scene)
    scene.stream.lose(slice(2, None))
    await run_until_idle(scene)
    assert scene.stream.event_ids == ids(*events)
    assert scene.metrics.lost_events == 2


async def test_no_event_overtakes_one_of_its_person_that_the_stream_has_lost() -> None:
    scene = Scene()
    first, second = scene.make.of(ANNA), scene.make.of(ANNA)
    scene.queue.add(first, second)
    await scene.relay.relay_batch()
    scene.stream.lose(slice(1, None))
    scene.queue.add(scene.make.of(ANNA))
    with pytest.raises(EntriesMissing):
        await scene.relay.relay_batch()
    assert scene.stream.event_ids == ids(first)


async def test_others_are_not_held_up_by_a_loss_that_is_not_theirs() -> None:
    scene = Scene()
    scene.queue.add(scene.make.of(ANNA))
    await scene.relay.relay_batch()
    scene.stream.lose(slice(None))
    of_ben = scene.make.of(BEN)
    scene.queue.add(of_ben)
    assert await scene.relay.relay_batch() == 1


async def test_new_ids_are_above_all_that_were_given_before_a_loss() -> None:
    scene = Scene()
    scene.queue.add(*(scene.make.of(ANNA) for _ in range(3)))
    await run_until_idle(scene)
    scene.stream.lose(slice(None))
    await run_until_idle(scene)
    assert scene.stream.stream_ids == ["4-0", "5-0", "6-0"]


async def test_a_whole_stream_is_left_alone() -> None:
    scene = Scene()
    scene.queue.add(*(scene.make.of(ANNA) for _ in range(5)))
    await run_until_idle(scene)
    await run_until_idle(scene)
    assert scene.metrics.lost_events == 0
    assert len(scene.stream.event_ids) == 5


async def test_it_looks_for_losses_after_an_outage_without_waiting_for_its_turn() -> None:
    scene = Scene()
    scene.queue.add(scene.make.of(ANNA))
    stopping = asyncio.Event()
    running = asyncio.create_task(scene.relay.run(stopping))
    await scene.until(lambda: not scene.queue.waiting)
    scene.stream.failure = REDIS_DOWN
    scene.queue.add(scene.make.of(BEN))
    await scene.until(lambda: scene.metrics.failures["redis"] >= 1)
    scene.stream.lose(slice(None))
    scene.stream.failure = None
    await scene.until(lambda: scene.metrics.lost_events == 1 and not scene.queue.waiting)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)


async def test_the_oldest_that_every_group_has_read_make_room_at_the_bound() -> None:
    scene = Scene(batch_size=5, max_length=20)
    scene.stream.last_read["ledger"] = 8
    events = [scene.make.of(ANNA) for _ in range(25)]
    scene.queue.add(*events)
    await run_until_idle(scene)
    assert scene.stream.event_ids == ids(*events[5:])
    assert scene.metrics.lost_events == 0
    assert not scene.metrics.stream_full


async def test_at_the_bound_the_relay_waits_for_a_slow_group_and_says_so() -> None:
    scene = Scene(batch_size=5, max_length=20)
    scene.stream.last_read |= {"fast": 20, "slow": 2}
    events = [scene.make.of(ANNA) for _ in range(30)]
    scene.queue.add(*events)
    stopping = asyncio.Event()
    running = asyncio.create_task(scene.relay.run(stopping))
    await scene.until(lambda: scene.metrics.stream_full)
    assert scene.stream.event_ids[0] == str(events[2].id)
    assert len(scene.stream.event_ids) <= 20
    scene.stream.last_read |= {"fast": 100, "slow": 100}
    await scene.until(lambda: not scene.queue.waiting)
    await scene.until(lambda: not scene.metrics.stream_full)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)
    assert scene.stream.event_ids[-1] == str(events[-1].id)


async def test_without_a_group_the_oldest_go() -> None:
    scene = Scene(batch_size=5, max_length=20)
    events = [scene.make.of(ANNA) for _ in range(30)]
    scene.queue.add(*events)
    await run_until_idle(scene)
    assert scene.stream.event_ids == ids(*events[10:])


async def test_what_relays_trimmed_is_not_missed_but_what_is_lost_beside_it_is() -> None:
    scene = Scene(batch_size=5, max_length=20)
    events = [scene.make.of(ANNA) for _ in range(30)]
    scene.queue.add(*events)
    await run_until_idle(scene)
    scene.stream.lose(slice(0, 2))
    await run_until_idle(scene)
    assert scene.metrics.lost_events == 2
    assert set(scene.stream.event_ids) <= set(ids(*events[10:]))


async def test_a_full_server_is_told_apart_from_one_that_is_away() -> None:
    scene = Scene()
    scene.queue.add(scene.make.of(ANNA))
    scene.stream.failure = type(REDIS_DOWN)("redis", detail="OOM")
    stopping = asyncio.Event()
    running = asyncio.create_task(scene.relay.run(stopping))
    await scene.until(lambda: scene.metrics.memory_full)
    scene.stream.failure = None
    await scene.until(lambda: not scene.queue.waiting and not scene.metrics.memory_full)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)


@given(
    owners=st.lists(st.sampled_from([ANNA, BEN, CARA]), min_size=1, max_size=15),
    losses=st.lists(st.integers(min_value=0, max_value=6), min_size=1, max_size=5),
)
def test_after_losses_of_the_newest_all_arrives_and_each_persons_order_holds(
    owners: list[UUID], losses: list[int]
) -> None:
    async def relay_all() -> None:
        scene = Scene(batch_size=3)
        events = [scene.make.of(owner) for owner in owners]
        for number, lost in enumerate(losses):
            share = len(events) // len(losses) + 1
            scene.queue.add(*events[number * share : (number + 1) * share])
            await run_until_idle(scene)
            scene.stream.lose(slice(max(0, len(scene.stream.entries) - lost), None))
        await run_until_idle(scene)
        await run_until_idle(scene)
        arrived = scene.stream.event_ids
        for user in (ANNA, BEN, CARA):
            written = ids(*(event for event in events if event.user_id == user))
            assert [event_id for event_id in arrived if event_id in written] == written

    asyncio.run(relay_all())
