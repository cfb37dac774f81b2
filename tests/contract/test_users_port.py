"""What every storage of accounts promises."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest

from core.domain.errors import EmailAlreadyRegistered, UserNotFound
from core.domain.kyc import KycStatus
from core.domain.ports.users import UserRepository
from core.domain.user import Role, User, UserStatus
from tests.contract.records import Records
from tests.contract.storage import Storage, store_user

pytestmark = pytest.mark.asyncio

Change = Callable[[UserRepository, UUID, datetime], Awaitable[User]]

CHANGES: dict[str, Change] = {
    "profile": lambda users, who, at: users.update_profile(who, full_name="Countess", at=at),
    "kyc": lambda users, who, at: users.update_kyc(who, status=KycStatus.VERIFIED, at=at),
    "role": lambda users, who, at: users.set_role(who, role=Role.SUPPORT, at=at),
    "suspension": lambda users, who, at: users.set_suspended(who, suspended=True, at=at),
    "deletion": lambda users, who, at: users.soft_delete(who, at=at),
    "restoration": lambda users, who, at: users.restore(who, at=at),
}


async def change(storage: Storage, name: str, user_id: UUID, at: datetime) -> User:
    async with storage.database.transaction() as unit:
        changed = await CHANGES[name](unit.users, user_id, at)
        await unit.commit()
    return changed


async def read(storage: Storage, user_id: UUID) -> User | None:
    async with storage.database.reading() as stored:
        return await stored.users.get_by_id(user_id)


async def test_a_new_account_is_active_and_its_kyc_pending(
    storage: Storage, records: Records
) -> None:
    new = records.new_user("Ada@Example.com", full_name=None, role=Role.ADMIN)
    user = await store_user(storage, new)
    assert user == User(
        id=new.id,
        email="Ada@Example.com",
        full_name=None,
        role=Role.ADMIN,
        kyc_status=KycStatus.PENDING,
        email_verified=False,
        mfa_enabled=False,
        created_at=new.created_at,
        updated_at=new.created_at,
        suspended_at=None,
        deleted_at=None,
    )
    assert await read(storage, new.id) == user


async def test_an_account_is_found_by_its_address_and_with_its_hash(
    storage: Storage, records: Records
) -> None:
    new = records.new_user("Straße@Example.com")
    user = await store_user(storage, new)
    async with storage.database.reading() as stored:
        assert await stored.users.get_by_email("strasse@example.com") == user
        credentials = await stored.users.get_credentials("strasse@example.com")
    assert credentials is not None
    assert (credentials.user, credentials.hashed_password) == (user, new.hashed_password)


async def test_what_is_absent_is_none(storage: Storage, records: Records) -> None:
    async with storage.database.transaction() as unit:
        assert await unit.users.get_by_id(records.ids.new_id()) is None
        assert await unit.users.get_by_email("nobody@example.com") is None
        assert await unit.users.get_credentials("nobody@example.com") is None
        assert await unit.users.lock(records.ids.new_id()) is None


async def test_many_accounts_are_read_at_once_the_deleted_ones_as_well(
    storage: Storage, records: Records
) -> None:
    users = [await store_user(storage, records.new_user()) for _ in range(3)]
    deleted = await change(storage, "deletion", users[0].id, records.later())
    asked = [users[2].id, deleted.id, users[2].id, records.ids.new_id()]
    async with storage.database.reading() as stored:
        found = await stored.users.get_many(asked)
        none = await stored.users.get_many([])
    assert sorted(found, key=lambda user: user.id) == [deleted, users[2]]
    assert none == []


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_stored_with_its_time_and_returned(
    storage: Storage, records: Records, name: str
) -> None:
    user = await store_user(storage, records.new_user())
    at = records.later()
    changed = await change(storage, name, user.id, at)
    assert changed.updated_at == at
    assert changed.created_at == user.created_at
    assert await read(storage, user.id) == changed


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_of_nobody_is_refused(storage: Storage, records: Records, name: str) -> None:
    with pytest.raises(UserNotFound):
        await change(storage, name, records.ids.new_id(), records.now())


async def test_each_change_does_what_it_says(storage: Storage, records: Records) -> None:
    user = await store_user(storage, records.new_user())
    assert (await change(storage, "profile", user.id, records.later())).full_name == "Countess"
    kyc = await change(storage, "kyc", user.id, records.later())
    assert kyc.kyc_status is KycStatus.VERIFIED
    assert (await change(storage, "role", user.id, records.later())).role is Role.SUPPORT
    at = records.later()
    suspended = await change(storage, "suspension", user.id, at)
    assert (suspended.suspended_at, suspended.status) == (at, UserStatus.SUSPENDED)
    at = records.later()
    deleted = await change(storage, "deletion", user.id, at)
    assert (deleted.deleted_at, deleted.status) == (at, UserStatus.DELETED)
    restored = await change(storage, "restoration", user.id, records.later())
    assert (restored.deleted_at, restored.status) == (None, UserStatus.SUSPENDED)
    async with storage.database.transaction() as unit:
        active = await unit.users.set_suspended(user.id, suspended=False, at=records.later())
        nameless = await unit.users.update_profile(user.id, full_name=None, at=records.later())
        await unit.commit()
    assert (active.suspended_at, active.status) == (None, UserStatus.ACTIVE)
    assert nameless.full_name is None


async def test_an_address_in_another_case_is_taken(storage: Storage, records: Records) -> None:
    await store_user(storage, records.new_user("Ada@example.com"))
    with pytest.raises(EmailAlreadyRegistered):
        await store_user(storage, records.new_user("aDA@EXAMPLE.com"))


async def test_a_deleted_account_frees_its_address(storage: Storage, records: Records) -> None:
    first = await store_user(storage, records.new_user("ada@example.com"))
    deleted = await change(storage, "deletion", first.id, records.later())
    async with storage.database.reading() as stored:
        assert await stored.users.get_by_email("ada@example.com") is None
        assert await stored.users.get_credentials("ada@example.com") is None
    second = await store_user(storage, records.new_user("Ada@example.com"))
    assert await read(storage, first.id) == deleted
    async with storage.database.reading() as stored:
        assert await stored.users.get_by_email("ada@example.com") == second


async def test_a_deleted_account_is_not_restored_over_a_new_one(
    storage: Storage, records: Records
) -> None:
    first = await store_user(storage, records.new_user("ada@example.com"))
    deleted = await change(storage, "deletion", first.id, records.later())
    await store_user(storage, records.new_user("ADA@example.com"))
    with pytest.raises(EmailAlreadyRegistered):
        await change(storage, "restoration", first.id, records.later())
    assert await read(storage, first.id) == deleted


async def test_of_a_hundred_accounts_with_one_address_exactly_one_is_made(
    storage: Storage, records: Records
) -> None:
    made = await asyncio.gather(
        *(
            store_user(storage, records.new_user("ada@example.com" if n % 2 else "ADA@example.com"))
            for n in range(100)
        ),
        return_exceptions=True,
    )
    (user,) = [one for one in made if isinstance(one, User)]
    assert [type(one) for one in made].count(EmailAlreadyRegistered) == 99
    async with storage.database.reading() as stored:
        assert await stored.users.get_by_email("ada@example.com") == user


async def test_only_active_administrators_count(storage: Storage, records: Records) -> None:
    admins = [await store_user(storage, records.new_user(role=Role.ADMIN)) for _ in range(3)]
    await store_user(storage, records.new_user(role=Role.COMPLIANCE))
    await change(storage, "suspension", admins[0].id, records.later())
    async with storage.database.reading() as stored:
        assert await stored.users.count_active_admins() == 2
    await change(storage, "deletion", admins[1].id, records.later())
    await change(storage, "role", admins[2].id, records.later())
    async with storage.database.reading() as stored:
        assert await stored.users.count_active_admins() == 0
