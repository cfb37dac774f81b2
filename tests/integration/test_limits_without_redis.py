"""Limits while Redis is stopped, frozen, or gives no connection: this process goes on alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from core.domain.errors import LoginThrottled
from core.domain.rate_limit import Rate
from core.domain.throttling import Bucket, BucketKind
from core.redis.attempts import RedisAttempts
from core.redis.failover import Failover, FailoverAttempts, FailoverRates
from core.redis.local import LocalAttempts, LocalRates
from core.redis.rates import RedisRates
from core.redis.scripts import ScriptRunner
from devstack.temporary import temporary_stack
from devstack.valkey import ValkeyServer
from tests.contract.limiters import POLICY, limiter_client
from tests.postgres_client import until
from tests.servers import Servers, start_servers

pytestmark = pytest.mark.asyncio

TIMEOUT_SECONDS = 0.25
RETRY_SECONDS = 0.2
RATE = Rate(calls=2, window_seconds=1000)


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Servers of this module's own; each test leaves them running."""
    with temporary_stack() as stack:
        yield start_servers(stack)


@dataclass(frozen=True, kw_only=True)
class Process:
    """Limits as one process of the core has them."""

    attempts: FailoverAttempts
    rates: FailoverRates
    failover: Failover

    async def fails(self, bucket: Bucket) -> int:
        return await self.attempts.fail(await self.attempts.admit([bucket]))

    async def until_shared(self, bucket: Bucket) -> None:
        """Return once Redis is used again; nothing is counted by it."""

        async def shared() -> bool:
            await self.attempts.forget(bucket)
            return not self.failover.is_local

        await until(shared)


@asynccontextmanager
async def a_process(servers: Servers) -> AsyncIterator[Process]:
    client = limiter_client(servers, timeout_seconds=TIMEOUT_SECONDS)
    scripts = ScriptRunner(client, timeout_seconds=TIMEOUT_SECONDS, concurrency=8)
    failover = Failover(retry_seconds=RETRY_SECONDS, seconds=time.monotonic)
    yield Process(
        attempts=FailoverAttempts(
            shared=RedisAttempts(scripts=scripts, policy=POLICY),
            local=LocalAttempts(POLICY, time.monotonic),
            failover=failover,
        ),
        rates=FailoverRates(
            shared=RedisRates(scripts=scripts), local=LocalRates(time.monotonic), failover=failover
        ),
        failover=failover,
    )
    await client.aclose()


@pytest_asyncio.fixture
async def process(own_servers: Servers) -> AsyncIterator[Process]:
    async with a_process(own_servers) as process:
        yield process


@pytest.fixture
def valkey(own_servers: Servers) -> Iterator[ValkeyServer]:
    """The server, to be stopped or paused; it runs again afterwards."""
    server = own_servers.stack.valkey
    yield server
    server.resume() if server.running else server.start()
    server.await_ready()


def account(name: str) -> Bucket:
    return Bucket(kind=BucketKind.ACCOUNT, digest=f"{name} {time.monotonic_ns()}")


async def throttled(process: Process, bucket: Bucket) -> None:
    with pytest.raises(LoginThrottled):
        await process.attempts.admit([bucket])


async def test_while_redis_is_stopped_failures_are_counted_all_the_same(
    process: Process, valkey: ValkeyServer
) -> None:
    ada = account("ada")
    valkey.stop()
    assert [await process.fails(ada) for _ in range(3)] == [1, 2, 3]
    await throttled(process, ada)
    allowances = [await process.rates.take("stopped", RATE) for _ in range(3)]
    assert [each.is_allowed for each in allowances] == [True, True, False]


async def test_while_redis_is_frozen_nobody_waits_long_and_most_not_at_all(
    process: Process, valkey: ValkeyServer
) -> None:
    await process.fails(account("warm"))
    valkey.pause()
    began = time.monotonic()
    await asyncio.gather(*(process.fails(account(str(number))) for number in range(50)))
    first = time.monotonic() - began
    began = time.monotonic()
    for number in range(200):
        await process.fails(account(str(number)))
    # Whoever finds the outage waits for the time limit; afterwards one call in a while does.
    assert first < 4 * TIMEOUT_SECONDS
    assert time.monotonic() - began < 200 * TIMEOUT_SECONDS / 10


async def test_when_redis_is_back_it_counts_again_where_it_had_stopped(
    process: Process, valkey: ValkeyServer, own_servers: Servers
) -> None:
    ada = account("ada")
    assert [await process.fails(ada) for _ in range(2)] == [1, 2]
    valkey.stop()
    assert await process.fails(ada) == 1
    assert process.failover.is_local
    valkey.start()
    valkey.await_ready()
    await process.until_shared(account("probe"))
    async with a_process(own_servers) as other:
        assert await other.fails(ada) == 3
    await throttled(process, ada)


async def test_an_outage_between_the_two_halves_of_a_try_is_no_error(
    process: Process, valkey: ValkeyServer
) -> None:
    ada, eve = account("ada"), account("eve")
    admission = await process.attempts.admit([ada])
    valkey.stop()
    await process.attempts.succeed(admission)
    local = await process.attempts.admit([eve])
    valkey.start()
    valkey.await_ready()
    await process.until_shared(account("probe"))
    await process.attempts.fail(local)
    await process.attempts.give_back(admission)
    assert await process.fails(ada) == 1


async def test_a_redis_that_has_forgotten_the_scripts_is_sent_them_again(
    process: Process, valkey: ValkeyServer
) -> None:
    await process.fails(account("ada"))
    valkey.kill()
    valkey.start()
    valkey.await_ready()
    await process.until_shared(account("probe"))
    assert await process.fails(account("eve")) == 1
    assert not process.failover.is_local


async def test_more_calls_than_connections_are_no_outage(process: Process) -> None:
    rate = Rate(calls=300, window_seconds=3000)
    allowances = await asyncio.gather(*(process.rates.take("many", rate) for _ in range(300)))
    assert all(each.is_allowed for each in allowances)
    assert not process.failover.is_local


async def test_two_processes_share_one_count(own_servers: Servers) -> None:
    ada = account("ada")
    async with a_process(own_servers) as one, a_process(own_servers) as other:
        assert [await one.fails(ada), await other.fails(ada), await one.fails(ada)] == [1, 2, 3]
        await throttled(other, ada)
        await one.attempts.forget(ada)
        assert await other.fails(ada) == 1
