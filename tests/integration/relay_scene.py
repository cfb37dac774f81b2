"""The relay on real servers: people whose changes are written, relays, and who reads the stream."""

import asyncio
import json
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from opentelemetry.trace import NoOpTracer, Tracer
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from core.domain.backoff import BackoffPolicy
from core.domain.events import RecordedEvent, UserUpdated
from core.domain.ids import uuid7
from core.domain.ports.outbox_relay import EventStream, OutboxQueue
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.user import NewUser, Role
from core.events.payloads import encode
from core.events.publish_spans import PublishSpans
from core.events.relay import Relay, RelayPolicy
from core.events.stream_care import StreamCare, StreamCarePolicy
from core.observability.clock import SystemClock
from core.postgres.connection import PostgresOptions
from core.postgres.database import PostgresDatabase
from core.postgres.outbox_queue import PostgresOutboxQueue
from core.postgres.pool import Pool
from core.postgres.published_events import PostgresPublishedEvents
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client
from core.redis.event_stream import RedisEventStream
from core.redis.stream_upkeep import RedisStreamUpkeep
from tests.fakes.events import RecordingRelayMetrics
from tests.postgres_client import login_of, options_of
from tests.servers import Database, Servers

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
DEADLINE_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.01

POLICY = RelayPolicy(
    # Small, so that relays meet over the same people again and again.
    batch_size=20,
    max_users=5,
    poll_interval_seconds=0.02,
    backlog_interval_seconds=0.2,
    backoff=BackoffPolicy(initial_seconds=0.05, max_seconds=0.4),
)

Decoration = Callable[[EventStream], EventStream]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEntry:
    """What a reader of the stream sees; `number` says which of its person's changes it tells of."""

    stream_id: str
    text: str
    envelope: Mapping[str, Any]

    @property
    def number(self) -> int:
        return int(self.envelope["payload"]["changed_fields"][0])


class RelayScene:
    """One database, one stream, and a password for Redis that tests may spoil."""

    def __init__(self, servers: Servers, database: Database, stream: str) -> None:
        self.servers = servers
        self.stream = stream
        self.redis_credentials = RedisCredentials(
            username=servers.access.redis.username, password=servers.access.redis.password
        )
        self.clock = SystemClock()
        self.tracer: Tracer = NoOpTracer()
        self.max_length = 1_000_000
        self.check_interval_seconds = 0.2
        self._database = database
        self._admin_url = servers.stack.valkey.url()
        self._login = login_of(database.service_dsn)
        self.writer = PostgresDatabase(
            self._options(pool_max_size=8), self._login, encode_event=encode
        )
        self._pool = Pool(self._options(pool_max_size=1), self._login)
        self.queue: OutboxQueue = PostgresOutboxQueue(self._pool)

    async def __aenter__(self) -> Self:
        await self.writer.open()
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()
        await self.writer.close()

    async def people(self, count: int) -> Sequence[UUID]:
        """Make accounts, without events."""
        now = self.clock.now()
        ids = [uuid7(now, os.urandom(10)) for _ in range(count)]
        async with self.writer.transaction() as unit:
            for user_id in ids:
                await unit.users.create(
                    NewUser(
                        id=user_id,
                        email=f"{user_id}@pandora.example",
                        email_key=f"{user_id}@pandora.example",
                        full_name="0",
                        hashed_password="no password",
                        role=Role.USER,
                        created_at=now,
                    )
                )
            await unit.commit()
        return ids

    async def change(self, user_id: UUID, *, padding: str = "") -> UUID:
        """Commit one change with its event, as a use case does; both bear the change's number."""
        async with self.writer.transaction() as unit:
            event_id = await self.write_change(unit, user_id, padding=padding)
            await unit.commit()
        return event_id

    async def write_change(self, unit: UnitOfWork, user_id: UUID, *, padding: str = "") -> UUID:
        """Write one change with its event, and leave the commit to the caller."""
        now = self.clock.now()
        event_id = uuid7(now, os.urandom(10))
        user = await unit.users.lock(user_id)
        assert user is not None
        number = str(int(user.full_name or "0") + 1)
        await unit.users.update_profile(user_id, full_name=number, at=now)
        fields = (number, padding) if padding else (number,)
        event = UserUpdated(user_id=user_id, changed_fields=fields)
        await unit.outbox.append(
            RecordedEvent(id=event_id, occurred_at=now, trace_id=TRACE_ID, event=event)
        )
        return event_id

    def open_stream(self) -> tuple[RedisEventStream, Redis]:
        """Return the stream's writing end, and the client to close afterwards."""
        endpoint = RedisEndpoint(
            host="127.0.0.1",
            port=self.servers.stack.valkey.port,
            connect_timeout_seconds=0.5,
            command_timeout_seconds=0.5,
        )
        client = open_client(endpoint, self._current_redis_credentials)
        timeout_seconds = endpoint.total_timeout_seconds
        return (
            RedisEventStream(
                client=client,
                stream=self.stream,
                timeout_seconds=timeout_seconds,
                max_length=self.max_length,
            ),
            client,
        )

    @asynccontextmanager
    async def open_relay(
        self, decorate: Decoration = lambda stream: stream
    ) -> AsyncIterator[tuple[Relay, RecordingRelayMetrics]]:
        """Build a relay with connections of its own."""
        pool = Pool(self._options(pool_max_size=2), self._login)
        await pool.open()
        stream, client = self.open_stream()
        metrics = RecordingRelayMetrics()
        try:
            yield (
                Relay(
                    queue=PostgresOutboxQueue(pool),
                    stream=decorate(stream),
                    care=StreamCare(
                        published=PostgresPublishedEvents(pool),
                        stream=RedisStreamUpkeep(
                            client=client, stream=self.stream, timeout_seconds=1.0
                        ),
                        policy=StreamCarePolicy(
                            max_length=self.max_length,
                            check_interval_seconds=self.check_interval_seconds,
                        ),
                        metrics=metrics,
                        clock=self.clock,
                        monotonic=time.monotonic,
                    ),
                    policy=POLICY,
                    metrics=metrics,
                    spans=PublishSpans(self.tracer, stream=self.stream),
                    clock=self.clock,
                    monotonic=time.monotonic,
                    random=lambda: 0.5,
                ),
                metrics,
            )
        finally:
            await client.aclose()
            await pool.close()

    @asynccontextmanager
    async def running_relays(
        self, count: int = 1, decorate: Decoration = lambda stream: stream
    ) -> AsyncIterator[Sequence[RecordingRelayMetrics]]:
        """Run relays beside the block; at its end each stops as it does on SIGTERM."""
        stopping = asyncio.Event()
        async with AsyncExitStack() as opened:
            relays = [
                await opened.enter_async_context(self.open_relay(decorate)) for _ in range(count)
            ]
            tasks = [asyncio.create_task(relay.run(stopping)) for relay, _ in relays]
            try:
                yield [metrics for _, metrics in relays]
            finally:
                stopping.set()
                await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_SECONDS)

    def entries(self) -> Sequence[StreamEntry]:
        """Read the whole stream."""
        with BlockingRedis.from_url(self._admin_url, decode_responses=True) as client:
            raw: Any = client.xrange(self.stream)
        assert all(list(fields) == ["event"] for _, fields in raw)
        return [
            StreamEntry(
                stream_id=stream_id, text=fields["event"], envelope=json.loads(fields["event"])
            )
            for stream_id, fields in raw
        ]

    def first_appearances(self) -> Mapping[UUID, Sequence[int]]:
        """Return each person's changes as the stream tells of them, repeats left out."""
        first: dict[str, StreamEntry] = {}
        for entry in self.entries():
            first.setdefault(entry.envelope["id"], entry)
        numbers: defaultdict[UUID, list[int]] = defaultdict(list)
        for entry in first.values():
            numbers[UUID(entry.envelope["payload"]["user_id"])].append(entry.number)
        return dict(numbers)

    async def drained(self) -> None:
        """Wait until no event waits."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while (await self.queue.backlog()).count:  # noqa: ASYNC110 - another session empties it
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def _options(self, *, pool_max_size: int) -> PostgresOptions:
        options = options_of(self._database.service_dsn)
        return replace(options, pool_min_size=1, pool_max_size=pool_max_size)

    async def _current_redis_credentials(self) -> RedisCredentials:
        return self.redis_credentials


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a state that something else brings about."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - it may lie in another process
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
