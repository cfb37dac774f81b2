"""What the locks of a unit of work promise."""

import asyncio

import pytest

from core.domain.refresh_token import Attempt, Rotation
from core.domain.session import RevocationCause
from core.domain.user import Role, User
from tests.contract.records import Records
from tests.contract.storage import Storage, store_session, store_token, store_user

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 10.0


async def read(storage: Storage, user: User) -> User | None:
    async with storage.database.reading() as stored:
        return await stored.users.get_by_id(user.id)


async def test_whoever_locks_a_person_waits_and_then_sees_the_change(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    waiting = asyncio.Event()

    async def second() -> User | None:
        async with storage.database.transaction() as unit:
            waiting.set()
            return await unit.users.lock(user.id)

    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        task = asyncio.create_task(second())
        await waiting.wait()
        changed = await unit.users.set_role(user.id, role=Role.SUPPORT, at=records.later())
        assert not task.done()
        await unit.commit()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await task == changed


async def test_changes_under_the_lock_are_never_lost(storage: Storage, records: Records) -> None:
    user = await store_user(storage, records.new_user(full_name="0"))

    async def add_one() -> None:
        async with storage.database.transaction() as unit:
            locked = await unit.users.lock(user.id)
            assert locked is not None
            assert locked.full_name is not None
            await unit.users.update_profile(
                user.id, full_name=str(int(locked.full_name) + 1), at=records.later()
            )
            await unit.commit()

    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*(add_one() for _ in range(20)))
    found = await read(storage, user)
    assert found is not None
    assert found.full_name == "20"


async def test_the_right_to_decide_on_administrators_is_waited_for(
    storage: Storage, records: Records
) -> None:
    users = [await store_user(storage, records.new_user(role=Role.ADMIN)) for _ in range(2)]
    about_to_lock, has_locked = asyncio.Event(), asyncio.Event()

    async def second() -> int:
        async with storage.database.transaction() as unit:
            about_to_lock.set()
            await unit.users.lock_admins()
            has_locked.set()
            return await unit.users.count_active_admins()

    async with storage.database.transaction() as unit:
        await unit.users.lock_admins()
        task = asyncio.create_task(second())
        await about_to_lock.wait()
        # More round trips than the other needs to get through a lock that does not hold.
        for name in ("first", "second", "third", "fourth", "fifth"):
            await unit.users.update_profile(users[0].id, full_name=name, at=records.later())
        await unit.users.set_role(users[0].id, role=Role.USER, at=records.later())
        assert not has_locked.is_set()
        await unit.commit()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await task == 1


async def test_one_at_a_time_decides_who_is_an_administrator(
    storage: Storage, records: Records
) -> None:
    admins = [await store_user(storage, records.new_user(role=Role.ADMIN)) for _ in range(8)]

    async def step_down(user: User) -> bool:
        async with storage.database.transaction() as unit:
            await unit.users.lock_admins()
            await unit.users.lock(user.id)
            if await unit.users.count_active_admins() == 1:
                return False
            await unit.users.set_role(user.id, role=Role.USER, at=records.later())
            await unit.commit()
        return True

    async with asyncio.timeout(DEADLINE_SECONDS):
        done = await asyncio.gather(*map(step_down, admins))
    assert sorted(done) == [False] + [True] * 7


async def test_user_before_session_is_an_order_in_which_all_come_through(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    session = await store_session(storage, records.session(user.id))
    token = await store_token(storage, records.refresh_token(session))
    successor = records.successor(token)
    async with storage.database.transaction() as unit:
        await unit.refresh_tokens.rotate(
            token.digest,
            Rotation(successor_digest=successor.digest, attempt=Attempt()),
            at=successor.created_at,
            session_ends_at=session.expires_at,
        )
        await unit.commit()

    async def refresh() -> None:
        async with storage.database.transaction() as unit:
            assert await unit.refresh_tokens.hold(token.digest) is not None
            await unit.refresh_tokens.count_replay(token.digest)
            await unit.commit()

    async def suspend() -> None:
        async with storage.database.transaction() as unit:
            await unit.users.lock(user.id)
            await unit.users.set_suspended(user.id, suspended=True, at=records.later())
            await unit.sessions.revoke_all(
                user.id, cause=RevocationCause.USER_SUSPENDED, at=records.now()
            )
            await unit.commit()

    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*(refresh() for _ in range(5)), suspend(), *(refresh(), refresh()))
    async with storage.database.reading() as stored:
        found = await stored.sessions.get(session.id)
    assert found is not None
    assert found.revocation_cause is RevocationCause.USER_SUSPENDED
