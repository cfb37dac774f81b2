"""What the relay may expect of every outbox."""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import psycopg
import pytest

from core.domain.ids import uuid7
from core.domain.ports.outbox_relay import (
    OutboxClaim,
    OutboxEvent,
    OutboxQueue,
    PublishedEvent,
)
from core.domain.ports.stream_upkeep import PublishedEvents
from core.postgres.outbox_queue import PostgresOutboxQueue
from core.postgres.pool import Pool
from core.postgres.published_events import PostgresPublishedEvents
from tests.fakes.events import FakeOutboxQueue
from tests.postgres_client import empty, login_of, options_of
from tests.servers import Database

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ANNA, BEN, CARA = (UUID(f"0190163d-8694-739b-aea5-00000000000{n}") for n in (1, 2, 3))


class OutboxUnderTest(Protocol):
    """An outbox together with a way to fill it."""

    @property
    def queue(self) -> OutboxQueue: ...

    @property
    def published(self) -> PublishedEvents: ...

    async def add(self, *user_ids: UUID) -> None:
        """Add an event for each person, at NOON and one second later each."""
        ...

    async def marks(self) -> Sequence[tuple[int, datetime, str]]:
        """Return sequence, time and stream id of what is published, by sequence."""
        ...


class FakeOutbox:
    def __init__(self) -> None:
        self.queue = self.published = FakeOutboxQueue()
        self._count = 0

    async def add(self, *user_ids: UUID) -> None:
        for user_id in user_ids:
            self._count += 1
            self.queue.add(
                OutboxEvent(
                    sequence=self._count,
                    id=uuid7(NOON, os.urandom(10)),
                    user_id=user_id,
                    event_type="user.deleted",
                    payload={"user_id": str(user_id)},
                    trace_id=TRACE_ID,
                    occurred_at=NOON + timedelta(seconds=self._count - 1),
                    traceparent=None,
                )
            )

    async def marks(self) -> Sequence[tuple[int, datetime, str]]:
        marks = [(mark.sequence, at, mark.stream_id) for mark, at in self.queue.published]
        return sorted(marks)


class PostgresOutbox:
    def __init__(self, pool: Pool, dsn: str) -> None:
        self.queue = PostgresOutboxQueue(pool)
        self.published = PostgresPublishedEvents(pool)
        self._dsn = dsn
        self._count = 0

    async def add(self, *user_ids: UUID) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn) as connection:
            for user_id in user_ids:
                await connection.execute(
                    "INSERT INTO outbox (id, user_id, event_type, payload, trace_id, occurred_at)"
                    " VALUES (%s, %s, 'user.deleted', jsonb_build_object('user_id', %s), %s, %s)",
                    [
                        uuid7(NOON, os.urandom(10)),
                        user_id,
                        user_id,
                        TRACE_ID,
                        NOON + timedelta(seconds=self._count),
                    ],
                )
                self._count += 1

    async def marks(self) -> Sequence[tuple[int, datetime, str]]:
        async with await psycopg.AsyncConnection.connect(self._dsn) as connection:
            cursor = await connection.execute(
                "SELECT sequence, published_at, stream_id FROM outbox"
                " WHERE published_at IS NOT NULL ORDER BY sequence"
            )
            return await cursor.fetchall()


@pytest.fixture(params=["fake", "postgres"])
async def outbox(request: pytest.FixtureRequest) -> AsyncIterator[OutboxUnderTest]:
    if request.param == "fake":
        yield FakeOutbox()
        return
    database: Database = request.getfixturevalue("module_database")
    empty(database.admin_dsn)
    pool = Pool(options_of(database.service_dsn), login_of(database.service_dsn))
    await pool.open()
    yield PostgresOutbox(pool, database.service_dsn)
    await pool.close()


def whose(claim: OutboxClaim) -> list[UUID]:
    return [event.user_id for event in claim.events]


def all_of(claim: OutboxClaim) -> list[PublishedEvent]:
    return [
        PublishedEvent(sequence=event.sequence, stream_id=f"{event.sequence}-0")
        for event in claim.events
    ]


async def test_an_empty_outbox_gives_an_empty_claim(outbox: OutboxUnderTest) -> None:
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert list(claim.events) == []


async def test_a_claim_has_the_events_as_they_were_written_in_their_order(
    outbox: OutboxUnderTest,
) -> None:
    await outbox.add(ANNA, BEN, ANNA)
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert whose(claim) == [ANNA, BEN, ANNA]
        sequences = [event.sequence for event in claim.events]
        assert sequences == sorted(set(sequences))
        event = claim.events[1]
        assert event.event_type == "user.deleted"
        assert event.payload == {"user_id": str(BEN)}
        assert event.trace_id == TRACE_ID
        assert event.occurred_at == NOON + timedelta(seconds=1)
        assert event.traceparent is None


async def test_marks_are_kept_when_the_claim_ends_well(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, BEN)
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        first, second = all_of(claim)
        await claim.mark_published([first, second], at=NOON)
    assert list(await outbox.marks()) == [
        (first.sequence, NOON, first.stream_id),
        (second.sequence, NOON, second.stream_id),
    ]
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert list(claim.events) == []


async def test_what_was_not_marked_is_offered_again(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, ANNA, ANNA)
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        await claim.mark_published(all_of(claim)[:1], at=NOON)
        left = [event.id for event in claim.events[1:]]
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert [event.id for event in claim.events] == left


async def test_a_claim_that_fails_marks_nothing_and_lets_go(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, BEN)

    async def fail() -> None:
        async with outbox.queue.claim(max_events=10, max_users=10) as claim:
            await claim.mark_published(all_of(claim), at=NOON)
            raise RuntimeError("something else went wrong")

    with pytest.raises(RuntimeError, match="something else"):
        await fail()
    assert list(await outbox.marks()) == []
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert whose(claim) == [ANNA, BEN]


async def test_a_person_who_is_claimed_is_nobody_elses(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, BEN)
    async with outbox.queue.claim(max_events=10, max_users=1) as first:
        assert whose(first) == [ANNA]
        await outbox.add(ANNA)
        async with outbox.queue.claim(max_events=10, max_users=10) as second:
            assert whose(second) == [BEN]
        await first.mark_published(all_of(first), at=NOON)
    async with outbox.queue.claim(max_events=10, max_users=10) as third:
        assert whose(third) == [BEN, ANNA]


async def test_people_can_be_left_out(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, BEN, CARA)
    async with outbox.queue.claim(max_events=10, max_users=10, except_users={ANNA, CARA}) as claim:
        assert whose(claim) == [BEN]


async def test_no_more_events_are_claimed_than_asked_for_and_the_oldest_first(
    outbox: OutboxUnderTest,
) -> None:
    await outbox.add(ANNA, BEN, ANNA, BEN)
    async with outbox.queue.claim(max_events=3, max_users=10) as claim:
        assert whose(claim) == [ANNA, BEN, ANNA]


async def test_no_more_people_are_claimed_than_asked_for(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, BEN, CARA, ANNA)
    async with outbox.queue.claim(max_events=10, max_users=2) as claim:
        assert whose(claim) == [ANNA, BEN, ANNA]


async def test_many_events_of_one_person_are_worked_off_without_a_gap(
    outbox: OutboxUnderTest,
) -> None:
    await outbox.add(*[ANNA] * 25, BEN)
    order: list[int] = []
    while True:
        async with outbox.queue.claim(max_events=4, max_users=10) as claim:
            if not claim.events:
                break
            order.extend(event.sequence for event in claim.events)
            await claim.mark_published(all_of(claim), at=NOON)
    assert len(order) == 26
    assert order == sorted(order)


async def test_the_backlog_is_what_waits(outbox: OutboxUnderTest) -> None:
    empty = await outbox.queue.backlog()
    assert (empty.count, empty.oldest_occurred_at) == (0, None)
    await outbox.add(ANNA, BEN, ANNA)
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        await claim.mark_published(all_of(claim)[:1], at=NOON)
    rest = await outbox.queue.backlog()
    assert (rest.count, rest.oldest_occurred_at) == (2, NOON + timedelta(seconds=1))


async def publish_all(outbox: OutboxUnderTest) -> list[PublishedEvent]:
    """Mark everything that waits as published, the first under the greatest id: 10-0."""
    async with outbox.queue.claim(max_events=100, max_users=100) as claim:
        marks = [
            PublishedEvent(sequence=event.sequence, stream_id=f"{10 - number}-0")
            for number, event in enumerate(claim.events)
        ]
        await claim.mark_published(marks, at=NOON)
    return marks


async def test_what_is_published_comes_in_pages_by_rising_stream_id(
    outbox: OutboxUnderTest,
) -> None:
    await outbox.add(ANNA, BEN, CARA)
    ten, nine, eight = await publish_all(outbox)
    await outbox.add(ANNA)
    assert list(await outbox.published.page(after="0-0", limit=2)) == [eight, nine]
    assert list(await outbox.published.page(after="9-0", limit=2)) == [ten]
    assert list(await outbox.published.page(after="10-0", limit=2)) == []


async def test_what_was_lost_waits_again_in_its_place_and_only_once(
    outbox: OutboxUnderTest,
) -> None:
    await outbox.add(ANNA, BEN, ANNA)
    ten, nine, eight = await publish_all(outbox)
    await outbox.add(ANNA)
    elsewhere = PublishedEvent(sequence=nine.sequence, stream_id="7-0")
    assert await outbox.published.requeue([ten, elsewhere, eight]) == 2
    assert await outbox.published.requeue([ten, eight]) == 0
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert whose(claim) == [ANNA, ANNA, ANNA]
        assert [event.sequence for event in claim.events][:2] == [ten.sequence, eight.sequence]
        assert claim.newest_stream_id == "10-0"
        assert list(claim.predecessors) == []


async def test_a_claim_names_the_last_entries_of_its_people(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, ANNA, BEN)
    await publish_all(outbox)
    await outbox.add(BEN, CARA, ANNA)
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert set(claim.predecessors) == {"10-0", "8-0"}
        assert claim.newest_stream_id == "10-0"


async def test_what_was_trimmed_is_asked_for_no_more(outbox: OutboxUnderTest) -> None:
    await outbox.add(ANNA, BEN, CARA)
    ten, _, _ = await publish_all(outbox)
    await outbox.published.note_trim("10-0", at=NOON)
    await outbox.published.note_trim("9-0", at=NOON)
    assert list(await outbox.published.page(after="0-0", limit=10)) == [ten]
    await outbox.add(BEN)
    async with outbox.queue.claim(max_events=10, max_users=10) as claim:
        assert list(claim.predecessors) == []
