"""What the relay may expect of every stream."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import pytest
from redis import Redis as BlockingRedis

from core.domain.ports.outbox_relay import (
    EventStream,
)
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client
from core.redis.event_stream import RedisEventStream
from tests.fakes.events import FakeEventStream
from tests.servers import Servers

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ANNA, BEN, CARA = (UUID(f"0190163d-8694-739b-aea5-00000000000{n}") for n in (1, 2, 3))


class StreamUnderTest(Protocol):
    """A stream together with a way to read it."""

    @property
    def writer(self) -> EventStream: ...

    def read(self) -> Sequence[str]: ...


class FakeStream:
    def __init__(self) -> None:
        self.writer = FakeEventStream()

    def read(self) -> Sequence[str]:
        return self.writer.entries


class RedisStream:
    def __init__(self, writer: RedisEventStream, url: str) -> None:
        self.writer = writer
        self._url = url

    def read(self) -> Sequence[str]:
        with BlockingRedis.from_url(self._url, decode_responses=True) as client:
            entries: Any = client.xrange(self.writer.stream)
        return [fields["event"] for _, fields in entries]


@pytest.fixture(params=["fake", "redis"])
async def stream(
    request: pytest.FixtureRequest,
) -> AsyncIterator[StreamUnderTest]:
    if request.param == "fake":
        yield FakeStream()
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
    writer = RedisEventStream(client=client, stream=prefix + "events", timeout_seconds=10.0)
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
