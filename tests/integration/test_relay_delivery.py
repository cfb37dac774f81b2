"""What the relay delivers while all is well, and when a relay dies: on PostgreSQL and Valkey."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from uuid import UUID

import psycopg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.domain.errors import DependencyUnavailable
from core.domain.ports.outbox_relay import EventStream
from tests.fakes.events import AnswerLostStream
from tests.integration.relay_scene import TRACE_ID, RelayScene, until
from tests.servers import Database, Servers


@pytest.fixture
async def scene(
    servers: Servers, database: Database, redis_prefix: str
) -> AsyncIterator[RelayScene]:
    async with RelayScene(servers, database, redis_prefix + "events") as scene:
        yield scene


async def test_three_relays_deliver_what_many_writers_commit_once_each_and_in_order(
    scene: RelayScene,
) -> None:
    people = await scene.people(12)
    changes_each = 40

    async def write(user_id: UUID) -> None:
        for _ in range(changes_each // 2):
            await scene.change(user_id)

    async with scene.running_relays(3) as relays:
        # Two writers to a person: they meet at the person's row.
        await asyncio.gather(*(write(user_id) for user_id in [*people, *people]))
        await scene.drained()
    assert scene.first_appearances() == {
        user_id: list(range(1, changes_each + 1)) for user_id in people
    }
    assert len(scene.entries()) == len(people) * changes_each
    assert sum(len(metrics.lags_seconds) for metrics in relays) == len(people) * changes_each
    assert not any(metrics.failures for metrics in relays)


async def test_an_entry_holds_the_envelope_of_the_contract(scene: RelayScene) -> None:
    (anna,) = await scene.people(1)
    event_id = await scene.change(anna)
    async with scene.open_relay() as (relay, _):
        assert await relay.relay_batch() == 1
    (entry,) = scene.entries()
    assert list(entry.envelope) == ["id", "timestamp", "trace_id", "event_type", "payload"]
    assert entry.envelope["id"] == str(event_id)
    assert entry.envelope["trace_id"] == TRACE_ID
    assert entry.envelope["event_type"] == "user.updated"
    assert entry.envelope["payload"] == {"user_id": str(anna), "changed_fields": ["1"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry.envelope["timestamp"])


async def test_publishing_shows_in_the_trace_of_the_change(scene: RelayScene) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    scene.tracer = provider.get_tracer("test")
    anna, ben = await scene.people(2)
    with scene.tracer.start_as_current_span("request") as request:
        await scene.change(anna)
    await scene.change(ben)
    async with scene.open_relay() as (relay, _):
        assert await relay.relay_batch() == 2
    (published,) = [span for span in exporter.get_finished_spans() if span.name != "request"]
    context = request.get_span_context()
    assert published.parent is not None
    assert (published.parent.trace_id, published.parent.span_id) == (
        context.trace_id,
        context.span_id,
    )


async def test_rows_keep_the_ids_that_the_stream_gave(
    scene: RelayScene, database: Database
) -> None:
    (anna,) = await scene.people(1)
    for _ in range(3):
        await scene.change(anna)
    async with scene.open_relay() as (relay, _):
        await relay.relay_batch()
    with psycopg.connect(database.service_dsn) as connection:
        rows = connection.execute(
            "SELECT id::text, stream_id FROM outbox WHERE published_at IS NOT NULL"
            " ORDER BY sequence"
        ).fetchall()
    assert rows == [(entry.envelope["id"], entry.stream_id) for entry in scene.entries()]


async def test_an_event_is_delivered_once_it_is_committed_however_late_that_is(
    scene: RelayScene,
) -> None:
    anna, ben = await scene.people(2)
    async with scene.open_relay() as (relay, _):
        async with scene.writer.transaction() as unit:
            await scene.write_change(unit, anna)
            await scene.change(ben)
            assert await relay.relay_batch() == 1
            await unit.commit()
        # Its number is lower than the one that is delivered already.
        assert await relay.relay_batch() == 1
    assert scene.first_appearances() == {ben: [1], anna: [1]}
    assert [entry.envelope["payload"]["user_id"] for entry in scene.entries()] == [
        str(ben),
        str(anna),
    ]


async def test_an_event_of_a_change_that_was_undone_is_never_delivered(scene: RelayScene) -> None:
    (anna,) = await scene.people(1)
    async with scene.open_relay() as (relay, _):
        async with scene.writer.transaction() as unit:
            await scene.write_change(unit, anna)
        assert await relay.relay_batch() == 0
        await scene.change(anna)
        assert await relay.relay_batch() == 1
    assert scene.first_appearances() == {anna: [1]}


async def test_a_relay_that_dies_after_the_append_leads_to_a_repeat_with_the_same_id(
    scene: RelayScene,
) -> None:
    (anna,) = await scene.people(1)
    written = [str(await scene.change(anna)) for _ in range(3)]
    async with scene.open_relay(lambda stream: AnswerLostStream(stream, times=1)) as (relay, _):
        with pytest.raises(DependencyUnavailable):
            await relay.relay_batch()
    later = str(await scene.change(anna))
    async with scene.open_relay() as (relay, _):
        await relay.relay_batch()
    entries = scene.entries()
    assert [entry.envelope["id"] for entry in entries] == [*written, *written, later]
    assert [entry.text for entry in entries[:3]] == [entry.text for entry in entries[3:6]]


class SessionEndingStream:
    """Ends the relay's session in PostgreSQL after the first append: locks gone, marks lost."""

    def __init__(self, stream: EventStream, database: Database) -> None:
        self._stream = stream
        self._database = database
        self._done = False

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        stream_ids = await self._stream.append(entries, after=after, above=above)
        if not self._done:
            self._done = True
            with psycopg.connect(self._database.admin_dsn) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
        return stream_ids


async def test_a_session_that_ends_before_the_mark_leads_to_a_repeat_with_the_same_id(
    scene: RelayScene, database: Database
) -> None:
    (anna,) = await scene.people(1)
    event_id = str(await scene.change(anna))
    async with scene.running_relays(
        decorate=lambda stream: SessionEndingStream(stream, database)
    ) as (metrics,):
        await scene.drained()
    assert [entry.envelope["id"] for entry in scene.entries()] == [event_id, event_id]
    assert metrics.failures == Counter({"postgres": 1})


async def test_an_event_too_great_for_the_stream_holds_up_its_own_person_alone(
    scene: RelayScene,
) -> None:
    anna, ben = await scene.people(2)
    await scene.change(anna)
    await scene.change(anna, padding="x" * 300_000)
    await scene.change(anna)
    async with scene.running_relays() as (metrics,):
        for _ in range(30):
            await scene.change(ben)
        await until(lambda: len(scene.entries()) == 31)
        await until(lambda: metrics.held_users == 1)
    assert scene.first_appearances() == {anna: [1], ben: list(range(1, 31))}
    assert (await scene.queue.backlog()).count == 2


async def test_the_backlog_counts_what_waits_and_knows_the_oldest(scene: RelayScene) -> None:
    assert (await scene.queue.backlog()).oldest_occurred_at is None
    before = scene.clock.now()
    (anna,) = await scene.people(1)
    for _ in range(3):
        await scene.change(anna)
    backlog = await scene.queue.backlog()
    assert backlog.count == 3
    assert backlog.oldest_occurred_at is not None
    assert before <= backlog.oldest_occurred_at <= scene.clock.now()
