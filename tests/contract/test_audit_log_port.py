"""What every storage of the audit log promises."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.audit import (
    AuditAction,
    AuditDetails,
    AuditEntry,
    AuditEvent,
    AuditFilter,
    AuditOutcome,
    SequenceSpan,
)
from tests.contract.records import Records
from tests.contract.storage import Storage, store_entries, store_user

pytestmark = pytest.mark.asyncio


async def page(
    storage: Storage,
    where: AuditFilter = AuditFilter(),  # noqa: B008 - it is immutable
    *,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[AuditEvent]:
    async with storage.database.reading() as stored:
        return await stored.audit.list_page(where, before=before, limit=limit)


async def entries(storage: Storage, where: AuditFilter) -> list[AuditEntry]:
    return [event.entry for event in await page(storage, where)]


async def test_a_row_is_read_as_it_was_written_with_its_hash(
    storage: Storage, records: Records
) -> None:
    details: AuditDetails = {
        "text": '«ünïcode» "quoted" \\ 😀',
        "number": -(2**53),
        "yes": True,
        "none": None,
    }
    full = records.audit_entry(
        user_id=records.ids.new_id(), actor_id="service:wallet", details=details
    )
    bare = records.audit_entry(outcome=AuditOutcome.FAILURE)
    await store_entries(storage, full, bare)
    events = await page(storage)
    assert [event.entry for event in events] == [bare, full]
    hashes = [event.hash for event in events]
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes)
    assert hashes[0] != hashes[1]
    assert events[0].sequence > events[1].sequence > 0


async def test_a_row_of_any_time_is_kept(storage: Storage, records: Records) -> None:
    now = datetime.now(UTC)
    written = await store_entries(
        storage,
        *(
            records.audit_entry(occurred_at=moment)
            for moment in (
                datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
                now,
                now + timedelta(days=31),
                now + timedelta(days=20_000),
            )
        ),
    )
    assert [event.entry for event in await page(storage)] == list(written[::-1])


async def test_filters_narrow(storage: Storage, records: Records) -> None:
    user = await store_user(storage, records.new_user())
    mine, foreign, failed, refreshed = await store_entries(
        storage,
        records.audit_entry(user_id=user.id, actor_id=str(user.id)),
        records.audit_entry(user_id=records.ids.new_id(), actor_id="service:wallet"),
        records.audit_entry(user_id=user.id, outcome=AuditOutcome.FAILURE),
        records.audit_entry(user_id=user.id, action=AuditAction.REFRESH),
    )
    assert await entries(storage, AuditFilter(user_id=user.id)) == [refreshed, failed, mine]
    assert await entries(storage, AuditFilter(actor_id="service:wallet")) == [foreign]
    assert await entries(storage, AuditFilter(actor_id=str(user.id))) == [mine]
    assert await entries(storage, AuditFilter(action="auth.refresh")) == [refreshed]
    assert await entries(storage, AuditFilter(action="no.such")) == []
    assert await entries(storage, AuditFilter(outcome=AuditOutcome.FAILURE)) == [failed]
    both = AuditFilter(user_id=user.id, action="auth.login", outcome=AuditOutcome.SUCCESS)
    assert await entries(storage, both) == [mine]


async def test_a_time_span_includes_its_beginning_and_excludes_its_end(
    storage: Storage, records: Records
) -> None:
    first, second, third = await store_entries(storage, *(records.audit_entry() for _ in range(3)))
    span = AuditFilter(from_time=first.occurred_at, to_time=third.occurred_at)
    assert await entries(storage, span) == [second, first]
    assert await entries(storage, AuditFilter(from_time=second.occurred_at)) == [third, second]
    assert await entries(storage, AuditFilter(to_time=second.occurred_at)) == [first]


async def test_pages_follow_one_another_without_gap_or_repeat(
    storage: Storage, records: Records
) -> None:
    written = await store_entries(storage, *(records.audit_entry() for _ in range(5)))
    first = await page(storage, limit=2)
    second = await page(storage, before=first[-1].sequence, limit=2)
    third = await page(storage, before=second[-1].sequence, limit=2)
    read = [event.entry for event in (*first, *second, *third)]
    assert read == list(written[::-1])
    assert await page(storage, before=third[-1].sequence) == []


async def test_a_span_is_read_by_rising_number_and_narrowed_by_every_filter(
    storage: Storage, records: Records
) -> None:
    user = records.ids.new_id()
    entries = [
        records.audit_entry(user_id=user, actor_id="service:a"),
        records.audit_entry(outcome=AuditOutcome.FAILURE),
        records.audit_entry(action=AuditAction.LOGOUT),
        records.audit_entry(user_id=user),
    ]
    await store_entries(storage, *entries)
    everything = AuditFilter()
    async with storage.database.reading() as stored:
        span = await stored.audit.span(everything)
        assert span is not None

        async def told(where: AuditFilter, within: SequenceSpan = span) -> list[AuditEntry]:
            found = await stored.audit.list_span(where, within, limit=10)
            return [event.entry for event in found]

        assert await told(everything) == entries
        assert await told(AuditFilter(user_id=user)) == [entries[0], entries[3]]
        assert await told(AuditFilter(actor_id="service:a")) == [entries[0]]
        assert await told(AuditFilter(action="auth.logout")) == [entries[2]]
        assert await told(AuditFilter(outcome=AuditOutcome.FAILURE)) == [entries[1]]
        assert await told(AuditFilter(from_time=entries[2].occurred_at)) == entries[2:]
        assert await told(AuditFilter(to_time=entries[2].occurred_at)) == entries[:2]
        inner = SequenceSpan(first=span.first + 1, last=span.last - 1)
        assert await told(everything, inner) == entries[1:3]
        events = await stored.audit.list_span(everything, span, limit=3)
        assert [event.entry for event in events] == entries[:3]
        assert [event.sequence for event in events] == [span.first + n for n in range(3)]


async def test_a_span_leaves_out_no_row_of_the_time_that_is_asked_for(
    storage: Storage, records: Records
) -> None:
    nowhere = AuditFilter(from_time=datetime(2031, 1, 1, tzinfo=UTC))
    moments = [datetime(2030, month, 15, tzinfo=UTC) for month in (3, 1, 2)]
    await store_entries(storage, *(records.audit_entry(occurred_at=each) for each in moments))
    where = AuditFilter(from_time=moments[1], to_time=moments[2] + timedelta(days=1))
    async with storage.database.reading() as stored:
        assert await stored.audit.span(nowhere) is None
        span = await stored.audit.span(where)
        assert span is not None
        events = await stored.audit.list_span(where, span, limit=10)
        forever = AuditFilter(to_time=datetime.max.replace(tzinfo=UTC))
        assert await stored.audit.span(forever) is not None
    assert [event.entry.occurred_at for event in events] == moments[1:]
