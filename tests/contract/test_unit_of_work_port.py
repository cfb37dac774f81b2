"""What every unit of work promises."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.domain.audit import AuditFilter
from core.domain.errors import EmailAlreadyRegistered
from core.domain.events import UserCreated
from core.domain.kyc import KycStatus
from core.domain.one_time_token import TokenPurpose
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.session import RevocationCause
from core.domain.user import NewUser, Role
from tests.contract.records import Records
from tests.contract.storage import Misuse, Storage, store_session, store_user

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 10.0


class DeliberateError(Exception):
    """Something goes wrong in a use case."""


async def everything(unit: UnitOfWork, records: Records, new: NewUser) -> None:
    """Write to every repository."""
    user = await unit.users.create(new)
    session = records.session(user.id)
    await unit.sessions.create(session)
    await unit.refresh_tokens.add(records.refresh_token(session))
    await unit.service_tokens.add(records.service_token("wallet"))
    await unit.kyc_reviews.add(records.kyc_review(user.id))
    await unit.audit.append(records.audit_entry(user_id=user.id))
    await unit.outbox.append(
        records.event(UserCreated(user_id=user.id, role=Role.USER, kyc_status=KycStatus.PENDING))
    )


async def break_off(storage: Storage, work: Callable[[UnitOfWork], Awaitable[None]]) -> None:
    """Leave a unit of work by an error after some work."""
    async with storage.database.transaction() as unit:
        await work(unit)
        raise DeliberateError


async def everything_of(storage: Storage, new: NewUser, records: Records) -> list[bool]:
    """Tell of each kind of row whether there is one."""
    async with storage.database.reading() as stored:
        alive = await stored.sessions.list_alive(new.id, now=records.now())
        return [
            await stored.users.get_by_id(new.id) is not None,
            bool(alive),
            await stored.kyc_reviews.latest(new.id) is not None,
            bool(await stored.audit.list_page(AuditFilter(), before=None, limit=1)),
            bool(storage.stored_events()),
        ]


async def test_a_commit_stores_everything(storage: Storage, records: Records) -> None:
    new = records.new_user()
    async with storage.database.transaction() as unit:
        await everything(unit, records, new)
        await unit.commit()
    assert await everything_of(storage, new, records) == [True] * 5


async def test_leaving_without_a_commit_rolls_back(storage: Storage, records: Records) -> None:
    new = records.new_user()
    async with storage.database.transaction() as unit:
        await everything(unit, records, new)
    assert await everything_of(storage, new, records) == [False] * 5


async def test_an_error_rolls_back_and_goes_on_its_way(storage: Storage, records: Records) -> None:
    new = records.new_user()
    with pytest.raises(DeliberateError):
        await break_off(storage, lambda unit: everything(unit, records, new))
    assert await everything_of(storage, new, records) == [False] * 5


async def test_an_error_after_the_commit_takes_nothing_back(
    storage: Storage, records: Records
) -> None:
    new = records.new_user()

    async def store_and_commit(unit: UnitOfWork) -> None:
        await everything(unit, records, new)
        await unit.commit()

    with pytest.raises(DeliberateError):
        await break_off(storage, store_and_commit)
    assert await everything_of(storage, new, records) == [True] * 5


async def test_a_cancelled_unit_of_work_leaves_nothing_and_holds_nothing(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    inside = asyncio.Event()

    async def linger() -> None:
        async with storage.database.transaction() as unit:
            await unit.users.update_profile(user.id, full_name="Half", at=records.later())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(linger())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(DEADLINE_SECONDS), storage.database.transaction() as unit:
        assert await unit.users.lock(user.id) == user


async def test_others_see_nothing_before_the_commit(storage: Storage, records: Records) -> None:
    new = records.new_user()
    async with storage.database.transaction() as unit:
        await everything(unit, records, new)
        assert await unit.users.get_by_id(new.id) is not None
        assert await everything_of(storage, new, records) == [False] * 5
        await unit.commit()
        assert await everything_of(storage, new, records) == [True] * 5


async def test_a_unit_of_work_sees_what_others_commit_meanwhile(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    async with storage.database.transaction() as unit:
        assert await unit.users.get_by_id(user.id) == user
        async with storage.database.transaction() as other:
            changed = await other.users.set_role(user.id, role=Role.SUPPORT, at=records.later())
            await other.commit()
        assert await unit.users.get_by_id(user.id) == changed


async def test_a_unit_of_work_is_committed_once(storage: Storage, records: Records) -> None:
    async with storage.database.transaction() as unit:
        await unit.users.create(records.new_user())
        await unit.commit()
        with pytest.raises(Misuse):
            await unit.commit()


async def test_nothing_follows_a_commit(storage: Storage, records: Records) -> None:
    new = records.new_user()
    async with storage.database.transaction() as unit:
        await unit.commit()
        with pytest.raises(Misuse):
            await unit.users.create(new)
        with pytest.raises(Misuse):
            await unit.users.get_by_id(new.id)
    assert await everything_of(storage, new, records) == [False] * 5


async def test_nothing_is_done_with_a_unit_of_work_that_was_left(
    storage: Storage, records: Records
) -> None:
    async with storage.database.transaction() as unit:
        pass
    with pytest.raises(Misuse):
        await unit.users.create(records.new_user())
    with pytest.raises(Misuse):
        await unit.commit()


async def test_after_a_refusal_by_the_storage_nothing_can_be_committed(
    storage: Storage, records: Records
) -> None:
    await store_user(storage, records.new_user("ada@example.com"))
    new = records.new_user()
    async with storage.database.transaction() as unit:
        await everything(unit, records, new)
        with pytest.raises(EmailAlreadyRegistered):
            await unit.users.create(records.new_user("ADA@example.com"))
        with pytest.raises(Misuse):
            await unit.commit()
    assert await everything_of(storage, new, records) == [False] * 5


async def test_only_a_unit_of_work_writes_and_locks(storage: Storage, records: Records) -> None:
    user = await store_user(storage, records.new_user())
    session = await store_session(storage, records.session(user.id))
    cause, at = RevocationCause.LOGOUT, records.now()
    async with storage.database.reading() as stored:
        for attempt in (
            stored.users.create(records.new_user()),
            stored.users.lock(user.id),
            stored.users.lock_admins(),
            stored.users.update_profile(user.id, full_name="Eve", at=at),
            stored.sessions.lock(session.id),
            stored.sessions.revoke(session.id, cause=cause, at=at),
            stored.sessions.revoke_all(user.id, cause=cause, at=at),
            stored.refresh_tokens.count_replay("0" * 64),
            stored.service_tokens.revoke_all("wallet", at=at),
            stored.users.set_password(user.id, hashed_password="$other", at=at),
            stored.users.create_if_free(records.new_user()),
            stored.one_time_tokens.mark_used(records.ids.new_id(), at=at),
            stored.one_time_tokens.supersede(user.id, TokenPurpose.PASSWORD_RESET, at=at),
            stored.audit.append(records.audit_entry()),
        ):
            with pytest.raises(Misuse):
                await attempt
        assert await stored.users.get_by_id(user.id) == user
        assert await stored.sessions.get(session.id) == session
