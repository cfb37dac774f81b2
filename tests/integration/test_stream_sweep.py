"""What is removed from streams when a person is erased, and what stays."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from core.redis.connection import RedisCredentials, RedisEndpoint, open_client
from core.redis.stream_sweep import RedisStreamSweep
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

ADA, EVE = uuid.UUID(int=0xADA), uuid.UUID(int=0xE7E)


@pytest_asyncio.fixture
async def client(servers: Servers) -> AsyncIterator[Redis]:
    login = servers.access.redis
    credentials = RedisCredentials(username=login.username, password=login.password)

    async def source() -> RedisCredentials:
        return credentials

    endpoint = RedisEndpoint(
        host="127.0.0.1",
        port=servers.stack.valkey.port,
        connect_timeout_seconds=5.0,
        command_timeout_seconds=5.0,
    )
    client = open_client(endpoint, source)
    yield client
    await client.aclose()


def envelope(event_type: str, user_id: UUID, **payload: str) -> str:
    return json.dumps(
        {
            "id": str(uuid.uuid4()),
            "timestamp": datetime.now(UTC).isoformat(),
            "trace_id": "0" * 32,
            "event_type": event_type,
            "payload": {"user_id": str(user_id), **payload},
        }
    )


async def left(client: Redis, stream: str) -> list[str]:
    entries: Any = await client.xrange(stream)
    return [next(iter(fields.values())) for _, fields in entries]


async def test_of_our_own_stream_entries_about_the_person_go_that_hold_a_text(
    client: Redis, redis_prefix: str
) -> None:
    stream = redis_prefix + "events"
    told = [
        envelope("user.kyc_updated", ADA, reviewer_id=str(EVE)),
        envelope("user.kyc_updated", ADA, reason="", reviewer_id=str(EVE)),
        envelope("user.deleted", ADA),
        envelope("user.kyc_updated", EVE, reason="of somebody else", reviewer_id=str(ADA)),
        envelope("user.kyc_updated", EVE, reason=f"knows {ADA}"),
    ]
    gone = [
        envelope("user.kyc_updated", ADA, reason="blurred", reviewer_id=str(EVE)),
        envelope("user.kyc_updated", ADA, reason="again").replace(str(ADA), str(ADA).upper()),
    ]
    for entry in (told[0], gone[0], *told[1:], gone[1]):
        await client.xadd(stream, {"event": entry})
    sweep = RedisStreamSweep(client=client, events=stream, others=(), timeout_seconds=10)
    assert await sweep.sweep(ADA) == 2
    assert await left(client, stream) == told
    assert await sweep.sweep(ADA) == 0


async def test_of_other_streams_everything_about_the_person_goes_readable_or_not(
    client: Redis, redis_prefix: str
) -> None:
    inbound, dead = redis_prefix + "inbound", redis_prefix + "inbound.dead"
    told = [
        envelope("kyc.review.completed", EVE, reason="fine", reviewer_id=str(ADA)),
        "not even JSON",
        json.dumps({"payload": {"user_id": 7}}),
    ]
    gone = [
        envelope("kyc.review.completed", ADA, status="verified"),
        envelope("of.another.kind", ADA),
        f"not even JSON, but of {ADA}",
        json.dumps([str(ADA)]),
        "[" * 5000 + str(ADA.hex),
    ]
    for stream in (inbound, dead):
        for entry in told + gone:
            await client.xadd(stream, {"event": entry, "reason": "MALFORMED"})
    sweep = RedisStreamSweep(
        client=client, events=redis_prefix + "none", others=(inbound, dead), timeout_seconds=10
    )
    assert await sweep.sweep(ADA) == 2 * len(gone)
    assert await left(client, inbound) == told
    assert await left(client, dead) == told


async def test_a_stream_of_many_pages_is_read_to_its_end(client: Redis, redis_prefix: str) -> None:
    stream = redis_prefix + "events"
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(2500):
            about = ADA if number % 500 == 0 else EVE
            entry = envelope("user.kyc_updated", about, reason="blurred")
            _ = pipeline.xadd(stream, {"event": entry}, id=f"1-{number + 1}")
        await pipeline.execute()
    sweep = RedisStreamSweep(client=client, events=stream, others=(), timeout_seconds=10)
    assert await sweep.sweep(ADA) == 5
    assert len(await left(client, stream)) == 2495
