"""Limiters under test: those inside one process, and those in Redis; and time that passes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from redis.asyncio import Redis

from core.domain.errors import LoginThrottled
from core.domain.ports.limits import AttemptLimiter, OthersUnderWay, RateLimiter
from core.domain.throttling import Admission, Bucket, BucketKind, DelayPolicy, ThrottlePolicy
from core.redis.attempts import RedisAttempts
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client
from core.redis.local import LocalAttempts, LocalRates
from core.redis.rates import RedisRates
from core.redis.scripts import ScriptRunner
from tests.fakes.clock import FakeClock
from tests.servers import Servers

CONCURRENCY = 8

POLICY = ThrottlePolicy(
    account=DelayPolicy(from_failure=3, first_seconds=60, longest_seconds=200, memory_seconds=3600),
    address=DelayPolicy(from_failure=6, first_seconds=60, longest_seconds=60, memory_seconds=3600),
    most_failures=100,
    stale_days=90,
)


@dataclass(frozen=True, kw_only=True)
class Limiters:
    """Both kinds of one place, and what lets time pass there: `pass_time(seconds)`.

    `tag` is in the name of everything that the test counts by, and in no other test's.
    """

    attempts: AttemptLimiter
    rates: RateLimiter
    pass_time: Callable[[float], Awaitable[None]]
    tag: str

    def key(self) -> str:
        """Return a new name."""
        return f"{self.tag}-{uuid4().hex}"

    def account(self) -> Bucket:
        """Return a new bucket."""
        return Bucket(kind=BucketKind.ACCOUNT, digest=self.key())

    def address(self) -> Bucket:
        """Return a new bucket."""
        return Bucket(kind=BucketKind.ADDRESS, digest=self.key())


Outcome = Admission | LoginThrottled | OthersUnderWay


async def tried(limiters: Limiters, *buckets: Bucket) -> Outcome:
    """Ask for a place once."""
    try:
        return await limiters.attempts.admit(buckets)
    except (LoginThrottled, OthersUnderWay) as refusal:
        return refusal


async def failed(limiters: Limiters, *buckets: Bucket, times: int = 1) -> int:
    """Fail so many times in a row; return what the last failure was counted as."""
    failures = 0
    for _ in range(times):
        failures = await limiters.attempts.fail(await limiters.attempts.admit(buckets))
    return failures


def in_memory() -> Limiters:
    """Return limiters of one process, whose time a test moves."""
    clock = FakeClock()

    def seconds() -> float:
        return clock.now().timestamp()

    async def pass_time(seconds: float) -> None:
        clock.advance(seconds)

    return Limiters(
        attempts=LocalAttempts(POLICY, seconds),
        rates=LocalRates(seconds),
        pass_time=pass_time,
        tag="memory",
    )


@asynccontextmanager
async def in_redis(servers: Servers) -> AsyncIterator[Limiters]:
    """Return limiters in Redis. Its time cannot be moved: what is stored is moved back instead."""
    client, tag = limiter_client(servers), uuid4().hex
    scripts = ScriptRunner(client, timeout_seconds=10.0, concurrency=CONCURRENCY)
    async with Redis.from_url(servers.stack.valkey.url(), decode_responses=True) as admin:

        async def pass_time(seconds: float) -> None:
            await _age(admin, tag, seconds)

        yield Limiters(
            attempts=RedisAttempts(scripts=scripts, policy=POLICY),
            rates=RedisRates(scripts=scripts),
            pass_time=pass_time,
            tag=tag,
        )
    await client.aclose()


def limiter_client(
    servers: Servers, *, timeout_seconds: float = 5.0, connections: int = CONCURRENCY
) -> Redis:
    """Return a client as the core has it for limits."""

    async def credentials() -> RedisCredentials:
        login = servers.access.redis
        return RedisCredentials(username=login.username, password=login.password)

    endpoint = RedisEndpoint(
        host="127.0.0.1",
        port=servers.stack.valkey.port,
        connect_timeout_seconds=timeout_seconds,
        command_timeout_seconds=timeout_seconds,
        max_connections=connections,
    )
    return open_client(endpoint, credentials)


async def _age(admin: Redis, tag: str, seconds: float) -> None:
    """Make everything that a test has stored as much older."""
    keys = [key async for key in admin.scan_iter(f"pandora.user.throttle.*{tag}*")]
    for key in keys:
        left = await admin.pttl(key)
        if await admin.type(key) == "hash":
            for name, value in (await admin.hgetall(key)).items():
                if name not in {"n", "s"}:
                    await admin.hset(key, name, str(int(value) - round(seconds * 1000)))
        else:
            due = int(await admin.get(key) or 0)
            await admin.set(key, due - round(seconds * 1_000_000), keepttl=True)
        if left >= 0:
            await admin.pexpire(key, max(1, left - round(seconds * 1000)))
    async with asyncio.timeout(10):
        while any(  # noqa: ASYNC110 - it happens in another process
            await asyncio.gather(*(_overdue(admin, key) for key in keys))
        ):
            await asyncio.sleep(0.005)


async def _overdue(admin: Redis, key: str) -> bool:
    return 0 <= await admin.pttl(key) <= 2
