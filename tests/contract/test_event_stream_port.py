"""What the relay may expect of every stream."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import pytest
from redis import Redis as BlockingRedis

from core.domain.ports.outbox_relay import EntriesMissing, EventStream, StreamFull
from core.domain.ports.stream_upkeep import StreamUpkeep
from core.domain.stream_id import position
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client
from core.redis.event_stream import UNBOUNDED, RedisEventStream
from core.redis.stream_upkeep import RedisStreamUpkeep
from tests.fakes.events import FakeEventStream
from tests.servers import Servers

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ANNA, BEN, CARA = (UUID(f"0190163d-8694-739b-aea5-00000000000{n}") for n in (1, 2, 3))


class StreamUnderTest(Protocol):
    """A stream together with a way to read it."""

    @property
    def writer(self) -> EventStream: ...

    @property
    def upkeep(self) -> StreamUpkeep: ...

    def read(self) -> Sequence[str]: ...

    def group_has_done(self, group: str, count: int) -> None:
        """Register a group that has read and acknowledged the first entries."""
        ...


class FakeStream:
    def __init__(self, max_length: int) -> None:
        self.writer = FakeEventStream(max_length=max_length)
        self.upkeep = self.writer

    def read(self) -> Sequence[str]:
        return self.writer.entries

    def group_has_done(self, group: str, count: int) -> None:
        self.writer.last_read[group] = position(self.writer.stream_ids[count - 1])[0]


class RedisStream:
    def __init__(self, writer: RedisEventStream, url: str) -> None:
        self.writer = writer
        self.upkeep = RedisStreamUpkeep(
            client=writer.client, stream=writer.stream, timeout_seconds=10.0
        )
        self._url = url

    def read(self) -> Sequence[str]:
        with BlockingRedis.from_url(self._url, decode_responses=True) as client:
            entries: Any = client.xrange(self.writer.stream)
        return [fields["event"] for _, fields in entries]

    def group_has_done(self, group: str, count: int) -> None:
        with BlockingRedis.from_url(self._url, decode_responses=True) as client:
            client.xgroup_create(self.writer.stream, group, "0")
            entries: Any = client.xrange(self.writer.stream, count=count)
            client.xreadgroup(group, "one", {self.writer.stream: ">"}, count=count)
            client.xack(self.writer.stream, group, *(entry_id for entry_id, _ in entries))


@pytest.fixture(params=["fake", "redis"])
async def stream(request: pytest.FixtureRequest) -> AsyncIterator[StreamUnderTest]:
    async with opened(request, UNBOUNDED) as stream:
        yield stream


@pytest.fixture(params=["fake", "redis"])
async def bounded(request: pytest.FixtureRequest) -> AsyncIterator[StreamUnderTest]:
    """A stream of at most three entries."""
    async with opened(request, 3) as stream:
        yield stream


@asynccontextmanager
async def opened(request: pytest.FixtureRequest, max_length: int) -> AsyncIterator[StreamUnderTest]:
    if request.param == "fake":
        yield FakeStream(max_length)
        return
    servers: Servers = request.getfixturevalue("servers")
    prefix: str = request.getfixturevalue("redis_prefix")

    async def credentials() -> RedisCredentials:
        login = servers.access.redis
        return RedisCredentials(username=login.username, password=login.password)

    endpoint = RedisEndpoint(
        host="127.0.0.1",
        port=servers.stack.valkey.port,
        connect_timeout_seconds=5.0,
        command_timeout_seconds=5.0,
    )
    client = open_client(endpoint, credentials)
    writer = RedisEventStream(
        client=client, stream=prefix + "events", timeout_seconds=10.0, max_length=max_length
    )
    yield RedisStream(writer, servers.stack.valkey.url())
    await client.aclose()


async def test_entries_are_appended_in_order(stream: StreamUnderTest) -> None:
    await stream.writer.append(["one", "two"])
    await stream.writer.append(["three"])
    assert list(stream.read()) == ["one", "two", "three"]


async def test_each_entry_gets_an_id_that_is_greater_than_those_before(
    stream: StreamUnderTest,
) -> None:
    stream_ids = [
        *await stream.writer.append(["one", "two", "three"]),
        *await stream.writer.append(["four"]),
    ]
    positions = [tuple(int(part) for part in stream_id.split("-")) for stream_id in stream_ids]
    assert len(positions) == 4
    assert positions == sorted(set(positions))


async def test_nothing_is_appended_for_nothing(stream: StreamUnderTest) -> None:
    assert list(await stream.writer.append([])) == []
    assert list(stream.read()) == []


async def test_nothing_is_appended_after_an_entry_that_is_missing(stream: StreamUnderTest) -> None:
    (first,) = await stream.writer.append(["one"])
    assert len(await stream.writer.append(["two"], after=[first])) == 1
    with pytest.raises(EntriesMissing):
        await stream.writer.append(["three"], after=[first, "77-7"])
    assert list(stream.read()) == ["one", "two"]


async def test_new_ids_lie_above_what_is_given(stream: StreamUnderTest) -> None:
    (far_ahead,) = await stream.writer.append(["one"], above="4000000000000-0")
    (next_one,) = await stream.writer.append(["two"])
    assert position("4000000000000-0") < position(far_ahead) < position(next_one)


async def test_a_stream_at_its_bound_takes_nothing(bounded: StreamUnderTest) -> None:
    await bounded.writer.append(["one", "two"])
    with pytest.raises(StreamFull):
        await bounded.writer.append(["three", "four"])
    await bounded.writer.append(["three"])
    assert list(bounded.read()) == ["one", "two", "three"]


async def test_missing_entries_are_told_from_others(stream: StreamUnderTest) -> None:
    held = await stream.writer.append(["one", "two"])
    assert list(await stream.upkeep.missing([held[1], "77-7", held[0]])) == ["77-7"]
    assert list(await stream.upkeep.missing([])) == []


async def test_without_a_group_the_oldest_may_go(stream: StreamUnderTest) -> None:
    assert await stream.upkeep.trimmable_below(at_most=2) is None
    ids = await stream.writer.append(["one", "two", "three"])
    below = await stream.upkeep.trimmable_below(at_most=2)
    assert below is not None
    assert position(ids[1]) < position(below) <= position(ids[2])
    assert await stream.upkeep.trim(below) == 2
    assert list(stream.read()) == ["three"]


async def test_what_a_group_has_not_done_with_stays(stream: StreamUnderTest) -> None:
    ids = await stream.writer.append(["one", "two", "three", "four"])
    stream.group_has_done("slow", 1)
    stream.group_has_done("fast", 4)
    below = await stream.upkeep.trimmable_below(at_most=3)
    assert below is not None
    assert position(ids[0]) < position(below) <= position(ids[1])
    # Even if somebody asks for more.
    assert await stream.upkeep.trim("9000000000000-0") == 1
    assert list(stream.read()) == ["two", "three", "four"]
    assert await stream.upkeep.trimmable_below(at_most=3) is None


async def test_the_length_and_what_groups_have_not_read_are_measured(
    stream: StreamUnderTest,
) -> None:
    assert (await stream.upkeep.measure()).length == 0
    await stream.writer.append(["one", "two", "three"])
    stream.group_has_done("slow", 1)
    measured = await stream.upkeep.measure()
    assert measured.length == 3
    assert measured.unread == {"slow": 2}
