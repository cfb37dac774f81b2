"""Valkey loses entries in the ways that it can; the relay makes the stream whole again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from shutil import copytree, rmtree
from typing import Any
from uuid import UUID

import pytest
from redis import Redis as BlockingRedis

from devstack.temporary import temporary_stack
from tests.integration.relay_scene import RelayScene, until
from tests.servers import Servers, cloned_database, start_servers


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Servers whose data the tests of this module throw away."""
    with temporary_stack() as stack:
        yield start_servers(stack)


@pytest.fixture
async def scene(own_servers: Servers, redis_prefix: str) -> AsyncIterator[RelayScene]:
    with cloned_database(own_servers) as database:
        async with RelayScene(own_servers, database, redis_prefix + "events") as scene:
            yield scene


@pytest.fixture
def admin(own_servers: Servers) -> Iterator[BlockingRedis]:
    url = own_servers.stack.valkey.url()
    with BlockingRedis.from_url(url, decode_responses=True) as client:
        yield client


async def change_each(scene: RelayScene, people: list[UUID], times: int) -> None:
    for _ in range(times):
        await asyncio.gather(*(scene.change(user_id) for user_id in people))


@contextmanager
def restarted_from(servers: Servers, *, snapshot: bool) -> Iterator[None]:
    """Let the block run, then bring the server back as it was before it, or without any data."""
    valkey = servers.stack.valkey
    kept = valkey.home.parent / "kept"
    valkey.stop()
    data = valkey.home / "appendonlydir"
    if snapshot:
        copytree(data, kept)
    valkey.start()
    valkey.await_ready()
    yield
    valkey.kill()
    rmtree(data)
    if snapshot:
        copytree(kept, data)
        rmtree(kept)
    valkey.start()
    valkey.await_ready()


async def test_a_flushed_stream_gets_everything_again_though_no_connection_broke(
    scene: RelayScene, admin: BlockingRedis
) -> None:
    people = list(await scene.people(4))
    async with scene.running_relays(2) as relays:
        await change_each(scene, people, 5)
        await scene.drained()
        admin.flushall()
        await change_each(scene, people, 2)
        await until(lambda: sum(metrics.lost_events for metrics in relays) >= 20)
        await scene.drained()
    assert scene.first_appearances() == {user_id: list(range(1, 8)) for user_id in people}
    assert sum(metrics.lost_events for metrics in relays) == 20
    assert not any(metrics.failures["redis"] for metrics in relays)


@pytest.mark.parametrize("snapshot", [False, True])
async def test_a_server_that_comes_back_without_its_last_writes_gets_them_again(
    scene: RelayScene,
    own_servers: Servers,
    snapshot: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    people = list(await scene.people(4))
    async with scene.running_relays(2) as relays:
        await change_each(scene, people, 5)
        await scene.drained()
        before = scene.entries()
        with restarted_from(own_servers, snapshot=snapshot):
            await change_each(scene, people, 5)
            await scene.drained()
            lost = scene.entries()
        await change_each(scene, people, 5)
        await until(lambda: scene_is_whole(scene, people, 15))
        await scene.drained()
    assert scene.first_appearances() == {user_id: list(range(1, 16)) for user_id in people}
    expected = 20 if snapshot else 40
    assert sum(metrics.lost_events for metrics in relays) == expected
    if snapshot:
        # What the snapshot held is there once, under the ids that it had.
        kept = [entry.stream_id for entry in scene.entries()[: len(before)]]
        assert kept == [entry.stream_id for entry in before]
    again = {entry.text for entry in scene.entries()}
    assert {entry.text for entry in lost} <= again


def scene_is_whole(scene: RelayScene, people: list[UUID], changes: int) -> bool:
    found = scene.first_appearances()
    return all(len(found.get(user_id, ())) == changes for user_id in people)


async def test_what_somebody_else_trimmed_is_sent_again_and_what_relays_trimmed_is_not(
    scene: RelayScene, admin: BlockingRedis
) -> None:
    scene.max_length = 100
    (anna,) = await scene.people(1)
    async with scene.running_relays() as (metrics,):
        await change_each(scene, [anna], 130)
        await scene.drained()
        assert metrics.lost_events == 0
        length = len(scene.entries())
        assert length <= 100
        assert admin.xtrim(scene.stream, maxlen=length - 7, approximate=False) == 7
        await until(lambda: metrics.lost_events == 7)
        await scene.drained()
    assert len(scene.entries()) == length


async def test_a_stream_made_anew_by_a_clock_that_is_behind_gives_greater_ids(
    scene: RelayScene, admin: BlockingRedis
) -> None:
    (anna,) = await scene.people(1)
    ahead = 4_000_000_000_000
    admin.xadd(scene.stream, {"event": "{}"}, id=f"{ahead}-0")
    async with scene.running_relays() as (metrics,):
        await change_each(scene, [anna], 3)
        await scene.drained()
        assert [entry.stream_id for entry in scene.entries()[1:]] == [
            f"{ahead}-{number}" for number in (1, 2, 3)
        ]
        admin.delete(scene.stream)
        await until(lambda: metrics.lost_events == 3)
        await scene.drained()
    assert [entry.stream_id for entry in scene.entries()] == [
        f"{ahead}-{number}" for number in (4, 5, 6)
    ]


async def test_the_bound_waits_for_a_slow_group_and_nothing_unread_is_dropped(
    scene: RelayScene, admin: BlockingRedis
) -> None:
    scene.max_length = 100
    admin.xgroup_create(scene.stream, "fast", "0", mkstream=True)
    admin.xgroup_create(scene.stream, "slow", "0")
    (anna,) = await scene.people(1)
    seen: dict[str, list[str]] = {"fast": [], "slow": []}

    def read(group: str, count: int) -> None:
        answer: Any = admin.xreadgroup(group, "one", {scene.stream: ">"}, count=count)
        for _, entries in answer.items() if isinstance(answer, dict) else answer:
            flat = entries[0] if entries and isinstance(entries[0], list) else entries
            for entry_id, _ in flat:
                seen[group].append(entry_id)
                if group == "fast":
                    admin.xack(scene.stream, group, entry_id)

    async with scene.running_relays(2) as relays:
        await change_each(scene, [anna], 150)
        read("fast", 1000)
        await until(lambda: all(metrics.stream_full for metrics in relays))
        assert admin.xlen(scene.stream) <= 100
        # Read and not acknowledged counts as not done with.
        read("slow", 30)
        await until(lambda: all(metrics.failures["stream_full"] >= 4 for metrics in relays))
        assert admin.xlen(scene.stream) <= 100
        assert set(seen["slow"]) <= {entry.stream_id for entry in scene.entries()}
        admin.xack(scene.stream, "slow", *seen["slow"])
        for _ in range(100):
            read("fast", 1000)
            read("slow", 1000)
            admin.xack(scene.stream, "slow", *seen["slow"])
            if len(seen["slow"]) == 150 and len(seen["fast"]) == 150:
                break
            await asyncio.sleep(0.05)
        await scene.drained()
        await until(lambda: not any(metrics.stream_full for metrics in relays))
    assert len(set(seen["slow"])) == len(set(seen["fast"])) == 150
    assert sum(metrics.lost_events for metrics in relays) == 0
