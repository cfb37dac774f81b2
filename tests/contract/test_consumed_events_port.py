"""What a use case may expect of the record of handled events."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from core.domain.ports.consumed_events import Consumption
from tests.contract.storage import Storage

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
EVENT = Consumption(consumer="group", event_id=UUID("0190163d-8694-739b-aea5-000000000001"))


async def add(storage: Storage, consumption: Consumption = EVENT, *, commits: bool = True) -> bool:
    async with storage.database.transaction() as unit:
        is_new = await unit.consumed_events.add(consumption, at=NOON)
        if commits:
            await unit.commit()
    return is_new


async def test_an_event_is_new_once_for_each_consumer(storage: Storage) -> None:
    other = Consumption(consumer="other", event_id=EVENT.event_id)
    assert [await add(storage), await add(storage)] == [True, False]
    assert [await add(storage, other), await add(storage, other)] == [True, False]


async def test_what_was_rolled_back_is_new_again(storage: Storage) -> None:
    assert await add(storage, commits=False)
    assert await add(storage)


async def test_of_many_at_once_one_finds_the_event_new(storage: Storage) -> None:
    found = await asyncio.gather(*(add(storage) for _ in range(8)))
    assert sorted(found) == [False] * 7 + [True]


async def test_who_waits_for_another_that_rolls_back_finds_the_event_new(storage: Storage) -> None:
    async with storage.database.transaction() as first:
        assert await first.consumed_events.add(EVENT, at=NOON)
        waiting = asyncio.create_task(add(storage))
        await asyncio.sleep(0)
    assert await waiting
