"""What every storage of legal holds promises."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from core.domain.legal_hold import LegalHold
from tests.contract.records import Records
from tests.contract.storage import Misuse, Storage, store_entries

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 20


def hold_of(
    records: Records,
    *,
    user_id: UUID | None = None,
    span: tuple[datetime, datetime] | None = None,
) -> LegalHold:
    return LegalHold(
        id=records.ids.new_id(),
        reason="case 17/2026",
        user_id=user_id,
        from_time=span[0] if span else None,
        to_time=span[1] if span else None,
        placed_at=records.later(),
    )


async def place(storage: Storage, hold: LegalHold) -> LegalHold:
    async with storage.database.transaction() as unit:
        await unit.legal_holds.add(hold)
        await unit.commit()
    return hold


async def is_held(storage: Storage, user_id: UUID) -> bool:
    async with storage.database.transaction() as unit:
        return await unit.legal_holds.is_held(user_id)


async def release(storage: Storage, hold: LegalHold, at: datetime) -> bool:
    async with storage.database.transaction() as unit:
        released = await unit.legal_holds.release(hold.id, at=at)
        await unit.commit()
    return released


async def test_holds_come_back_as_they_were_placed(storage: Storage, records: Records) -> None:
    start = records.later()
    person = await place(storage, hold_of(records, user_id=records.ids.new_id()))
    span = await place(storage, hold_of(records, span=(start, records.later())))
    async with storage.database.reading() as stored:
        assert await stored.legal_holds.all() == [person, span]
        assert await stored.legal_holds.get(span.id) == span
        assert await stored.legal_holds.get(records.ids.new_id()) is None


async def test_a_person_is_held_until_the_last_hold_is_released(
    storage: Storage, records: Records
) -> None:
    user, stranger = records.ids.new_id(), records.ids.new_id()
    assert not await is_held(storage, user)
    first = await place(storage, hold_of(records, user_id=user))
    second = await place(storage, hold_of(records, user_id=user))
    assert await is_held(storage, user)
    assert not await is_held(storage, stranger)
    assert await release(storage, first, records.later())
    assert await is_held(storage, user)
    assert await release(storage, second, records.later())
    assert not await is_held(storage, user)


async def test_a_hold_is_released_once_and_stays_on_record(
    storage: Storage, records: Records
) -> None:
    hold = await place(storage, hold_of(records, user_id=records.ids.new_id()))
    at = records.later()
    assert await release(storage, hold, at)
    assert not await release(storage, hold, records.later())
    async with storage.database.reading() as stored:
        found = await stored.legal_holds.get(hold.id)
    assert found is not None
    assert found.released_at == at


@pytest.mark.parametrize("as_actor", [False, True])
async def test_a_span_holds_whoever_has_a_row_in_it(
    storage: Storage, records: Records, *, as_actor: bool
) -> None:
    user, start = records.ids.new_id(), records.later()
    end = start + timedelta(hours=1)
    entry = (
        records.audit_entry(actor_id=str(user), occurred_at=end)
        if as_actor
        else records.audit_entry(user_id=user, occurred_at=end)
    )
    await store_entries(storage, entry)
    await place(storage, hold_of(records, span=(start, end)))
    assert not await is_held(storage, user), "the end does not belong to the span"
    await place(storage, hold_of(records, span=(end, end + timedelta(microseconds=1))))
    assert await is_held(storage, user)


async def test_who_has_asked_keeps_new_holds_out_until_the_end(
    storage: Storage, records: Records
) -> None:
    user = records.ids.new_id()
    hold = hold_of(records, user_id=user)
    async with asyncio.timeout(DEADLINE_SECONDS):
        async with storage.database.transaction() as unit:
            assert not await unit.legal_holds.is_held(user)
            placing = asyncio.create_task(place(storage, hold))
            for _ in range(20):
                assert not await unit.legal_holds.is_held(user)
                assert not placing.done()
            await unit.commit()
        assert await placing == hold
    assert await is_held(storage, user)


async def test_asking_outside_a_unit_of_work_is_refused(storage: Storage, records: Records) -> None:
    async with storage.database.reading() as stored:
        with pytest.raises(Misuse):
            await stored.legal_holds.is_held(records.ids.new_id())


async def test_a_hold_covers_one_thing(records: Records) -> None:
    start = records.later()
    with pytest.raises(ValueError, match="either one person or one span"):
        hold_of(records)
    with pytest.raises(ValueError, match="either one person or one span"):
        hold_of(records, user_id=records.ids.new_id(), span=(start, records.later()))
    with pytest.raises(ValueError, match="ends after it begins"):
        hold_of(records, span=(start, start))
