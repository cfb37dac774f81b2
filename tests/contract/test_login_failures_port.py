"""What every storage of failed logins promises."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest

from core.domain.throttling import Lane
from tests.contract.records import Records
from tests.contract.storage import Storage

pytestmark = pytest.mark.asyncio


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def strangers(name: str) -> Lane:
    return Lane(account=digest(name), digest=digest(name))


def device(name: str, number: int) -> Lane:
    return Lane(account=digest(name), digest=digest(f"{name} {number}"))


async def fail(storage: Storage, records: Records, lane: Lane, times: int = 1) -> int:
    failures = 0
    for _ in range(times):
        async with storage.database.transaction() as unit:
            failures = await unit.login_failures.add(lane, at=records.later())
            await unit.commit()
    return failures


async def count(storage: Storage, lane: Lane) -> int:
    async with storage.database.reading() as stored:
        return await stored.login_failures.count(lane.digest)


async def test_nobody_has_failed_at_first(storage: Storage) -> None:
    assert await count(storage, strangers("ada")) == 0


async def test_failures_are_counted_by_lane(storage: Storage, records: Records) -> None:
    assert await fail(storage, records, strangers("ada"), 3) == 3
    assert await fail(storage, records, device("ada", 1)) == 1
    assert await fail(storage, records, strangers("eve")) == 1
    assert await count(storage, strangers("ada")) == 3
    assert await count(storage, device("ada", 1)) == 1


async def test_a_count_that_is_not_committed_has_never_been(
    storage: Storage, records: Records
) -> None:
    async with storage.database.transaction() as unit:
        await unit.login_failures.add(strangers("ada"), at=records.now())
    assert await count(storage, strangers("ada")) == 0


async def test_failures_at_the_same_time_are_all_counted(
    storage: Storage, records: Records
) -> None:
    lane = strangers("ada")
    failures = await asyncio.gather(*(fail(storage, records, lane) for _ in range(20)))
    assert sorted(failures) == list(range(1, 21))


async def test_a_success_clears_the_lanes_named_unless_they_are_closed(
    storage: Storage, records: Records
) -> None:
    open_lane, closed, other = strangers("ada"), device("ada", 1), device("ada", 2)
    await fail(storage, records, open_lane, 4)
    await fail(storage, records, closed, 5)
    await fail(storage, records, other)
    async with storage.database.transaction() as unit:
        await unit.login_failures.clear([open_lane.digest, closed.digest], below=5)
        await unit.commit()
    assert await count(storage, open_lane) == 0
    assert await count(storage, closed) == 5
    assert await count(storage, other) == 1


async def test_every_lane_of_an_account_can_be_cleared_closed_or_not(
    storage: Storage, records: Records
) -> None:
    lanes = [strangers("ada"), device("ada", 1), device("ada", 2)]
    for lane in lanes:
        await fail(storage, records, lane, 6)
    await fail(storage, records, strangers("eve"))
    async with storage.database.transaction() as unit:
        await unit.login_failures.clear_account(digest("ada"))
        await unit.commit()
    assert [await count(storage, lane) for lane in lanes] == [0, 0, 0]
    assert await count(storage, strangers("eve")) == 1


async def test_old_counts_are_dropped_ten_at_a_time_and_closed_ones_stay(
    storage: Storage, records: Records
) -> None:
    closed, *old = (strangers(f"old {number}") for number in range(13))
    await fail(storage, records, closed, 3)
    for lane in old:
        await fail(storage, records, lane)
    records.clock.advance(3600)
    fresh = strangers("fresh")
    await fail(storage, records, fresh)
    before = records.now() - timedelta(seconds=60)

    async def drop() -> int:
        async with storage.database.transaction() as unit:
            await unit.login_failures.drop_stale(below=3, before=before)
            await unit.commit()
        return sum([await count(storage, lane) for lane in old])

    assert await drop() == 2
    assert await count(storage, old[0]) == 0
    assert await count(storage, old[-1]) == 1
    assert await drop() == 0
    assert await count(storage, closed) == 3
    assert await count(storage, fresh) == 1


async def test_a_count_that_was_added_to_is_not_old(storage: Storage, records: Records) -> None:
    lane = strangers("ada")
    await fail(storage, records, lane)
    records.clock.advance(3600)
    await fail(storage, records, lane)
    async with storage.database.transaction() as unit:
        before = records.now() - timedelta(seconds=60)
        await unit.login_failures.drop_stale(below=100, before=before)
        await unit.commit()
    assert await count(storage, lane) == 2
