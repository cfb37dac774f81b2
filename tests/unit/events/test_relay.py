"""What the relay promises of each batch, on a stream and an outbox in memory."""

import asyncio
import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import DependencyUnavailable
from core.domain.ports.outbox_relay import OutboxEvent
from core.events.relay import Relay
from tests.fakes.clock import START
from tests.fakes.events import (
    AnswerLostStream,
)
from tests.unit.events.outbox_events import ANNA, BEN, CARA, TRACE_ID
from tests.unit.events.relay_on_fakes import (
    POSTGRES_DOWN,
    REDIS_DOWN,
    CapriciousStream,
    GatedStream,
    Scene,
    ids,
)


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
