"""What every outbox promises to those who write to it."""

import asyncio
from uuid import UUID

import pytest

from core.domain.events import LoginThrottled, SessionCreated, UserDeleted, UserUpdated
from tests.contract.records import TRACE_ID, Records
from tests.contract.storage import Storage, StoredEvent, store_user

pytestmark = pytest.mark.asyncio


async def test_an_event_is_kept_with_the_facts_of_its_envelope(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    event = records.event(SessionCreated(user_id=user.id, session_id=records.ids.new_id()))
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.outbox.append(event)
        await unit.commit()
    assert storage.stored_events() == [
        StoredEvent(id=event.id, user_id=user.id, event_type="session.created", trace_id=TRACE_ID)
    ]


async def test_an_event_of_a_change_that_was_not_committed_never_was(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.outbox.append(records.event(UserDeleted(user_id=user.id)))
    assert storage.stored_events() == []


async def test_events_of_one_person_are_numbered_in_the_order_of_their_commits(
    storage: Storage, records: Records
) -> None:
    users = [await store_user(storage, records.new_user()) for _ in range(2)]
    committed: list[UUID] = []

    async def change(user_id: UUID) -> None:
        event = records.event(UserUpdated(user_id=user_id, changed_fields=("full_name",)))
        async with storage.database.transaction() as unit:
            await unit.users.lock(user_id)
            await unit.outbox.append(event)
            # Noted under the lock, hence in the order in which the holders of the lock commit.
            committed.append(event.id)
            await unit.commit()

    await asyncio.gather(*(change(users[n % 2].id) for n in range(20)))
    stored = storage.stored_events()
    order = {event.id: position for position, event in enumerate(stored)}
    for user in users:
        mine = [event.id for event in stored if event.user_id == user.id]
        assert mine == [one for one in committed if one in set(mine)]
    assert len(order) == 20


async def test_an_event_of_nobody_is_not_stored_and_one_of_somebody_is(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    nobody = records.event(LoginThrottled(user_id=records.ids.new_id()))
    somebody = records.event(LoginThrottled(user_id=user.id))
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.outbox.append_unless_nobody(nobody)
        await unit.outbox.append_unless_nobody(somebody)
        await unit.commit()
    assert [event.id for event in storage.stored_events()] == [somebody.id]
