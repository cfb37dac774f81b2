"""The relay outlives outages of Redis and PostgreSQL; every event arrives, in order."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from uuid import UUID

import pytest
import structlog
from redis import Redis as BlockingRedis

from core.domain.errors import DependencyUnavailable
from core.redis.connection import ping
from devstack.temporary import temporary_stack
from tests.fakes.events import RecordingRelayMetrics
from tests.integration.relay_scene import RelayScene, until
from tests.integration.valkey_outages import full_valkey, paused_valkey, stopped_valkey
from tests.servers import Servers, cloned_database, start_servers

Outage = Callable[[Servers], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Servers that the tests of this module stop and pause, and leave running."""
    with temporary_stack() as stack:
        yield start_servers(stack)


@pytest.fixture
async def scene(own_servers: Servers, redis_prefix: str) -> AsyncIterator[RelayScene]:
    with cloned_database(own_servers) as database:
        async with RelayScene(own_servers, database, redis_prefix + "events") as scene:
            yield scene


@contextmanager
def demoted_valkey(servers: Servers) -> Iterator[None]:
    with BlockingRedis.from_url(servers.stack.valkey.url()) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            yield
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def restarted_postgres(servers: Servers) -> Iterator[None]:
    servers.stack.postgres.stop()
    try:
        yield
    finally:
        servers.stack.postgres.start()
        servers.stack.postgres.await_ready()


async def change_each(scene: RelayScene, people: Sequence[UUID], times: int) -> None:
    async def change(user_id: UUID) -> None:
        for _ in range(times):
            await scene.change(user_id)

    await asyncio.gather(*(change(user_id) for user_id in people))


async def failed(relays: Sequence[RecordingRelayMetrics], cause: str, times: int = 2) -> None:
    """Wait until every relay has met the outage more than once."""
    await until(lambda: all(metrics.failures[cause] >= times for metrics in relays))


@pytest.mark.parametrize("outage", [stopped_valkey, paused_valkey, full_valkey])
async def test_changes_go_on_while_redis_is_away_and_their_events_arrive_afterwards(
    scene: RelayScene, own_servers: Servers, outage: Outage
) -> None:
    people = await scene.people(6)
    async with scene.running_relays(2) as relays:
        await change_each(scene, people, 5)
        with outage(own_servers):
            await change_each(scene, people, 10)
            await failed(relays, "redis")
            assert (await scene.queue.backlog()).count >= 60
        await change_each(scene, people, 5)
        await scene.drained()
    assert scene.first_appearances() == {user_id: list(range(1, 21)) for user_id in people}


async def test_the_backlog_is_reported_while_redis_is_away(
    scene: RelayScene, own_servers: Servers
) -> None:
    (anna,) = await scene.people(1)
    with stopped_valkey(own_servers):
        async with scene.running_relays() as (metrics,):
            await scene.change(anna)
            await until(lambda: (1, True) in [(n, age > 0.2) for n, age in metrics.backlogs])


async def test_a_server_that_refuses_writes_is_waited_for(
    scene: RelayScene, own_servers: Servers
) -> None:
    (anna,) = await scene.people(1)
    await scene.change(anna)
    with structlog.testing.capture_logs() as logs:
        async with scene.running_relays() as relays:
            with demoted_valkey(own_servers):
                await scene.change(anna)
                await failed(relays, "redis")
            await scene.drained()
    assert scene.first_appearances() == {anna: [1, 2]}
    assert {log["detail"] for log in logs} == {"READONLY"}


async def test_an_append_to_a_server_that_does_not_answer_gives_up_in_time(
    scene: RelayScene, own_servers: Servers
) -> None:
    stream, client = scene.open_stream()
    await stream.append(["before"])
    with paused_valkey(own_servers):
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(DependencyUnavailable) as outage:
                await stream.append(["meanwhile"])
            assert outage.value.detail == "TimeoutError"
        with pytest.raises(DependencyUnavailable):
            await ping(client, timeout_seconds=0.2)
        assert time.monotonic() - began < 2.5
    await stream.append(["after"])
    await ping(client, timeout_seconds=5.0)
    await client.aclose()


async def test_a_wrong_password_is_reported_and_a_right_one_is_used_without_a_restart(
    scene: RelayScene,
) -> None:
    right = scene.redis_credentials
    scene.redis_credentials = replace(right, password="wrong")
    (anna,) = await scene.people(1)
    await scene.change(anna)
    with structlog.testing.capture_logs() as logs:
        async with scene.running_relays() as relays:
            await failed(relays, "redis")
            scene.redis_credentials = right
            await scene.drained()
    assert scene.first_appearances() == {anna: [1]}
    warnings = [log for log in logs if log["log_level"] == "warning"]
    assert {(log["cause"], log["detail"]) for log in warnings} == {("redis", "WRONGPASS")}
    assert right.password not in json.dumps(logs, default=str)


async def test_it_goes_on_after_postgresql_was_restarted(
    scene: RelayScene, own_servers: Servers
) -> None:
    people = await scene.people(3)
    async with scene.running_relays(2) as relays:
        await change_each(scene, people, 5)
        with restarted_postgres(own_servers):
            await failed(relays, "postgres")
        await change_each(scene, people, 5)
        await scene.drained()
    assert scene.first_appearances() == {user_id: list(range(1, 11)) for user_id in people}
    assert all(set(metrics.failures) == {"postgres"} for metrics in relays)


async def test_a_stop_is_obeyed_during_an_outage(scene: RelayScene, own_servers: Servers) -> None:
    (anna,) = await scene.people(1)
    await scene.change(anna)
    with paused_valkey(own_servers):
        async with scene.running_relays() as relays:
            await failed(relays, "redis", times=1)
        assert relays[0].failures == Counter({"redis": relays[0].failures["redis"]})
    assert (await scene.queue.backlog()).count == 1
