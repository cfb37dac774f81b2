"""The stream's writing end on Valkey: what it writes, and how it says that it could not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from core.domain.errors import DependencyUnavailable
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client, ping
from core.redis.event_stream import RedisEventStream
from tests.servers import Servers


class CredentialDesk:
    """A source of credentials that tests exchange, as a rotation does."""

    def __init__(self, credentials: RedisCredentials) -> None:
        self.credentials = credentials
        self.refusal: Exception | None = None

    async def __call__(self) -> RedisCredentials:
        if self.refusal is not None:
            raise self.refusal
        return self.credentials


@pytest.fixture
def desk(servers: Servers) -> CredentialDesk:
    login = servers.access.redis
    return CredentialDesk(RedisCredentials(username=login.username, password=login.password))


@pytest.fixture
async def client(servers: Servers, desk: CredentialDesk) -> AsyncIterator[Redis]:
    endpoint = RedisEndpoint(
        host="127.0.0.1",
        port=servers.stack.valkey.port,
        connect_timeout_seconds=5.0,
        command_timeout_seconds=5.0,
    )
    client = open_client(endpoint, desk)
    yield client
    await client.aclose()


@pytest.fixture
def key(redis_prefix: str) -> str:
    return redis_prefix + "events"


@pytest.fixture
def stream(client: Redis, key: str) -> RedisEventStream:
    return RedisEventStream(client=client, stream=key, timeout_seconds=10.0)


@pytest.fixture
def admin(servers: Servers) -> Iterator[BlockingRedis]:
    with BlockingRedis.from_url(servers.stack.valkey.url(), decode_responses=True) as client:
        yield client


def texts(admin: BlockingRedis, key: str) -> list[str]:
    entries: Any = admin.xrange(key)
    return [fields["event"] for _, fields in entries]


async def test_entries_have_one_field_and_the_ids_that_were_returned(
    stream: RedisEventStream, admin: BlockingRedis, key: str
) -> None:
    stream_ids = await stream.append(["one", "zwei 🙂"])
    assert admin.xrange(key) == [
        (stream_ids[0], {"event": "one"}),
        (stream_ids[1], {"event": "zwei 🙂"}),
    ]


async def test_a_thousand_entries_go_in_one_append(
    stream: RedisEventStream, admin: BlockingRedis, key: str
) -> None:
    entries = [f"entry {number} " + "x" * 500 for number in range(1000)]
    assert len(set(await stream.append(entries))) == 1000
    assert texts(admin, key) == entries


async def test_an_append_is_one_piece_whoever_else_appends(
    stream: RedisEventStream, admin: BlockingRedis, key: str
) -> None:
    appends = [[f"{writer} {number} " + "x" * 500 for number in range(200)] for writer in "abcdefg"]
    await asyncio.gather(*(stream.append(entries) for entries in appends))
    found = texts(admin, key)
    pieces = [found[first : first + 200] for first in range(0, len(found), 200)]
    assert sorted(pieces) == appends


async def test_a_key_of_another_kind_is_reported_and_left_alone(
    stream: RedisEventStream, admin: BlockingRedis, key: str
) -> None:
    admin.set(key, "not a stream")
    with pytest.raises(DependencyUnavailable) as outage:
        await stream.append(["one", "two"])
    assert (outage.value.dependency, outage.value.detail) == ("redis", "WRONGTYPE")
    assert admin.get(key) == "not a stream"


async def test_a_key_outside_our_own_is_refused_by_the_server(client: Redis) -> None:
    stream = RedisEventStream(client=client, stream="somebody.elses", timeout_seconds=10.0)
    with pytest.raises(DependencyUnavailable) as outage:
        await stream.append(["one"])
    assert outage.value.detail == "NOPERM"


async def test_a_wrong_password_is_reported_and_the_right_one_is_used_next(
    stream: RedisEventStream, client: Redis, desk: CredentialDesk
) -> None:
    right = desk.credentials
    desk.credentials = replace(right, password="wrong")
    for _ in range(2):
        with pytest.raises(DependencyUnavailable) as outage:
            await stream.append(["one"])
        assert outage.value.detail == "WRONGPASS"
        with pytest.raises(DependencyUnavailable):
            await ping(client, timeout_seconds=10.0)
    desk.credentials = right
    assert len(await stream.append(["one"])) == 1
    await ping(client, timeout_seconds=10.0)


async def test_a_login_that_was_taken_away_is_asked_for_anew(
    stream: RedisEventStream, servers: Servers, desk: CredentialDesk, admin: BlockingRedis, key: str
) -> None:
    servers.stack.valkey.grant(user=key, password="first")
    desk.credentials = RedisCredentials(username=key, password="first")
    await stream.append(["one"])
    admin.acl_deluser(key)
    with pytest.raises(DependencyUnavailable):
        await stream.append(["two"])
    servers.stack.valkey.grant(user=key, password="second")
    desk.credentials = RedisCredentials(username=key, password="second")
    await stream.append(["three"])
    assert texts(admin, key) == ["one", "three"]
    admin.acl_deluser(key)


async def test_credentials_that_cannot_be_had_leave_no_half_open_connection(
    stream: RedisEventStream, desk: CredentialDesk
) -> None:
    desk.refusal = DependencyUnavailable("vault")
    with pytest.raises(DependencyUnavailable) as outage:
        await stream.append(["one"])
    assert outage.value.dependency == "vault"
    desk.refusal = None
    assert len(await stream.append(["one"])) == 1


async def test_nobody_at_the_address_is_reported(desk: CredentialDesk) -> None:
    endpoint = RedisEndpoint(
        host="127.0.0.1", port=1, connect_timeout_seconds=1.0, command_timeout_seconds=1.0
    )
    client = open_client(endpoint, desk)
    with pytest.raises(DependencyUnavailable) as outage:
        await ping(client, timeout_seconds=5.0)
    assert (outage.value.dependency, outage.value.detail) == ("redis", "ConnectionError")
    await client.aclose()


async def test_an_error_says_nothing_of_what_was_sent(
    stream: RedisEventStream, admin: BlockingRedis, key: str
) -> None:
    admin.set(key, "not a stream")
    with pytest.raises(DependencyUnavailable) as outage:
        await stream.append(["sensitive"])
    assert "sensitive" not in str(outage.value)
    assert outage.value.__cause__ is None
