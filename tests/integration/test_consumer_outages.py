"""The consumer outlives outages, defects and the death of replicas; every event is applied once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

import pytest

from core.domain.caller import Caller
from core.domain.errors import Conflict
from core.domain.ports.consumed_events import Consumption
from core.domain.ports.kyc_decisions import KycDecision, KycDecisions
from devstack.temporary import temporary_stack
from tests.integration.consumer_scene import GROUP, ConsumerScene, decision
from tests.integration.relay_scene import until
from tests.integration.valkey_outages import full_valkey, paused_valkey, stopped_valkey
from tests.servers import Servers, cloned_database, start_servers

Outage = Callable[[Servers], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Servers that the tests of this module stop and pause, and leave running."""
    with temporary_stack() as stack:
        yield start_servers(stack)


@pytest.fixture
async def scene(own_servers: Servers, redis_prefix: str) -> AsyncIterator[ConsumerScene]:
    with cloned_database(own_servers) as database:
        async with ConsumerScene(own_servers, database, redis_prefix + "compliance") as scene:
            yield scene


class FirstTries(KycDecisions):
    """Fails, or does its work and then fails, the first times that it is asked."""

    def __init__(
        self, decisions: KycDecisions, *, error: Exception, times: int, after: bool = False
    ) -> None:
        self._decisions = decisions
        self._error = error
        self._left = times
        self._after = after

    async def apply(
        self, decision: KycDecision, *, consumption: Consumption, caller: Caller
    ) -> bool:
        fails = self._left > 0
        self._left -= fails
        if fails and not self._after:
            raise self._error
        is_new = await self._decisions.apply(decision, consumption=consumption, caller=caller)
        if fails:
            raise self._error
        return is_new


class Gated(KycDecisions):
    """Works on a decision until its gate is opened."""

    def __init__(self, decisions: KycDecisions, gate: asyncio.Event) -> None:
        self._decisions = decisions
        self._gate = gate

    async def apply(
        self, decision: KycDecision, *, consumption: Consumption, caller: Caller
    ) -> bool:
        await self._gate.wait()
        return await self._decisions.apply(decision, consumption=consumption, caller=caller)


@contextmanager
def stopped_postgres(servers: Servers) -> Iterator[None]:
    servers.stack.postgres.stop()
    try:
        yield
    finally:
        servers.stack.postgres.start()
        servers.stack.postgres.await_ready()


def applied(scene: ConsumerScene, people: Sequence[UUID]) -> bool:
    """Tell whether each decision has one row of history, one audit row and one event."""
    return scene.effects(*people) == {(len(people), len(people))}


@pytest.mark.parametrize(
    ("outage", "cause"),
    [(stopped_postgres, "postgres"), (stopped_valkey, "redis"), (paused_valkey, "redis")],
)
async def test_an_outage_delays_events_and_counts_against_none(
    scene: ConsumerScene, own_servers: Servers, outage: Outage, cause: str
) -> None:
    scene.max_deliveries = 2
    people = await scene.people(60)
    scene.tell(*(decision(user_id) for user_id in people[:30]))
    async with scene.running(2) as replicas:
        await until(lambda: any(metrics.outcomes["applied"] for metrics in replicas))
        if cause == "postgres":
            scene.tell(*(decision(user_id) for user_id in people[30:]))
        with outage(own_servers):
            await until(lambda: any(metrics.failures[cause] >= 2 for metrics in replicas))
        if cause != "postgres":
            scene.tell(*(decision(user_id) for user_id in people[30:]))
        await scene.settled()
    assert applied(scene, people)
    assert scene.letters() == []


async def test_a_dead_letter_waits_until_redis_has_room_for_it(
    scene: ConsumerScene, own_servers: Servers
) -> None:
    scene.tell("{")
    scene.redis.xgroup_create(scene.stream, GROUP, "0")
    with full_valkey(own_servers):
        async with scene.running() as (metrics,):
            await until(lambda: metrics.failures["redis"] >= 2)
            assert scene.letters() == []
    async with scene.running():
        await scene.settled()
    assert [letter["reason"] for letter in scene.letters()] == ["MALFORMED_EVENT"]


async def test_a_server_that_comes_back_empty_gets_the_group_again(
    scene: ConsumerScene,
) -> None:
    anna, ben = await scene.people(2)
    scene.tell(decision(anna))
    async with scene.running() as (metrics,):
        await scene.settled()
        scene.redis.flushall()
        again = decision(ben)
        scene.tell(again)
        await until(lambda: metrics.outcomes["applied"] == 2)
    assert applied(scene, [anna, ben])


async def test_an_event_told_again_after_a_loss_has_no_effect(scene: ConsumerScene) -> None:
    (anna,) = await scene.people(1)
    told = decision(anna)
    scene.tell(told)
    async with scene.running() as (metrics,):
        await scene.settled()
        scene.redis.flushall()
        scene.tell(told)
        await until(lambda: metrics.outcomes["repeated"] == 1)
    assert applied(scene, [anna])


async def test_a_conflict_is_tried_again(scene: ConsumerScene) -> None:
    (anna,) = await scene.people(1)
    scene.tell(decision(anna))
    async with scene.running(
        decorate=lambda inner: FirstTries(inner, error=Conflict(), times=2)
    ) as (metrics,):
        await scene.settled()
    assert metrics.failures == {"CONFLICT": 2}
    assert metrics.outcomes == {"applied": 1}


async def test_an_error_after_the_commit_leads_to_a_repeat_without_effect(
    scene: ConsumerScene,
) -> None:
    (anna,) = await scene.people(1)
    scene.tell(decision(anna))
    async with scene.running(
        decorate=lambda inner: FirstTries(inner, error=Conflict(), times=1, after=True)
    ) as (metrics,):
        await scene.settled()
    assert metrics.outcomes == {"repeated": 1}
    assert applied(scene, [anna])


async def test_a_defect_puts_its_event_aside_after_some_tries_and_holds_up_nobody_else(
    scene: ConsumerScene,
) -> None:
    anna, ben = await scene.people(2)
    scene.tell(decision(anna), decision(ben))
    async with scene.running(
        decorate=lambda inner: FirstTries(inner, error=RuntimeError("a secret"), times=4)
    ) as (metrics,):
        await scene.settled()
    (letter,) = scene.letters()
    assert (letter["reason"], letter["detail"]) == ("INTERNAL", "RuntimeError")
    assert metrics.outcomes == {"dead": 1, "applied": 1}
    assert applied(scene, [ben])


async def test_an_event_that_ends_every_replica_is_put_aside(scene: ConsumerScene) -> None:
    (anna,) = await scene.people(1)
    scene.claim_idle_seconds = 0.0
    scene.tell(decision(anna))
    async with scene.open_source("first") as source:
        await source.open()
        assert [one.deliveries for one in await source.read()] == [1]
    for number in range(2, 5):
        async with scene.open_source(f"dies-{number}") as source:
            assert [one.deliveries for one in await source.take_over()] == [number]
    scene.claim_idle_seconds = 0.2
    async with scene.running() as (metrics,):
        await scene.settled()
    (letter,) = scene.letters()
    assert (letter["reason"], letter["deliveries"]) == ("DELIVERY_LIMIT", "5")
    assert metrics.outcomes == {"dead": 1}
    assert scene.effects(anna) == {(0, 0)}


async def test_what_a_dead_replica_held_is_taken_over(scene: ConsumerScene) -> None:
    people = await scene.people(10)
    scene.tell(*(decision(user_id) for user_id in people))
    async with scene.open_source("dies") as source:
        await source.open()
        assert len(await source.read()) == 10
    async with scene.running() as (metrics,):
        await scene.settled()
    assert metrics.outcomes == {"applied": 10}
    assert applied(scene, people)


async def test_a_replica_keeps_what_it_works_on_however_long_it_takes(
    scene: ConsumerScene,
) -> None:
    (anna,) = await scene.people(1)
    scene.tell(decision(anna))
    gate = asyncio.Event()
    idle_times: list[int] = []

    def is_kept() -> bool:
        pending: Any = scene.redis.xpending_range(scene.stream, GROUP, "-", "+", 1)
        idle_times.append(pending[0]["time_since_delivered"])
        assert pending[0]["times_delivered"] == 1
        # Idle time only grows, unless somebody says that they still work on the entry.
        return idle_times[-1] < max(idle_times)

    async with scene.running(decorate=lambda inner: Gated(inner, gate)):
        await until(lambda: scene.pending() == 1)
        await until(is_kept)
        gate.set()
        await scene.settled()
    assert applied(scene, [anna])


async def test_a_stop_is_obeyed_while_the_database_is_away_and_loses_nothing(
    scene: ConsumerScene, own_servers: Servers
) -> None:
    (anna,) = await scene.people(1)
    with stopped_postgres(own_servers):
        scene.tell(decision(anna))
        async with scene.running() as (metrics,):
            await until(lambda: metrics.failures["postgres"] >= 1)
        assert scene.pending() == 1
        assert scene.consumers() == {"replica-0"}
    async with scene.running():
        await scene.settled()
    assert applied(scene, [anna])


async def test_replicas_that_come_and_go_apply_everything_once(scene: ConsumerScene) -> None:
    people = await scene.people(80)
    told = [decision(user_id) for user_id in people]
    scene.claim_idle_seconds = 0.2
    scene.max_deliveries = 100
    for first in (0, 20, 40):
        # News for each replica, since one whose cancellation was hidden finishes what there is.
        scene.tell(*told[first : first + 20], *told[:10])
        async with scene.open_consumer("dies") as (consumer, metrics):
            running = asyncio.create_task(consumer.run(asyncio.Event()))
            await until(lambda: metrics.outcomes.total() >= 5)
            # More than once, since Python 3.11's `wait_for` may hide a cancellation.
            while not running.done():
                running.cancel()
                await asyncio.wait({running}, timeout=0.5)
            assert running.cancelled()
    scene.tell(*told[60:])
    async with scene.running(2):
        await scene.settled()
    assert applied(scene, people)
    assert scene.letters() == []
