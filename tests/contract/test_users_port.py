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
    "password": lambda users, who, at: users.set_password(
        who, hashed_password="$argon2id$other", at=at
    ),
    "verified address": lambda users, who, at: users.set_email_verified(who, at=at),
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


async def test_a_password_hash_is_replaced_and_read_by_id_and_by_address(
    storage: Storage, records: Records
) -> None:
    new = records.new_user()
    await store_user(storage, new)
    at = records.later()
    async with storage.database.transaction() as unit:
        before = await unit.users.get_credentials_by_id(new.id)
        changed = await unit.users.set_password(new.id, hashed_password="$other", at=at)
        by_id = await unit.users.get_credentials_by_id(new.id)
        by_address = await unit.users.get_credentials(new.email_key)
        nobody = await unit.users.get_credentials_by_id(records.ids.new_id())
        await unit.commit()
    assert before is not None
    assert by_id is not None
    assert before.hashed_password == new.hashed_password
    assert by_id.hashed_password == "$other"
    assert by_id.user == changed == await read(storage, new.id)
    assert by_address == by_id
    assert nobody is None


async def test_a_better_hash_of_the_same_password_takes_the_old_ones_place(
    storage: Storage, records: Records
) -> None:
    new = records.new_user()
    user = await store_user(storage, new)
    async with storage.database.transaction() as unit:
        assert await unit.users.replace_password_hash(
            user.id, old=new.hashed_password, new="$better"
        )
        await unit.commit()
    async with storage.database.reading() as stored:
        credentials = await stored.users.get_credentials_by_id(user.id)
    assert credentials is not None
    assert credentials.hashed_password == "$better"
    assert credentials.user == user


async def test_a_hash_that_is_not_the_compared_one_any_more_is_left(
    storage: Storage, records: Records
) -> None:
    new = records.new_user()
    user = await store_user(storage, new)
    async with storage.database.transaction() as unit:
        await unit.users.set_password(user.id, hashed_password="$chosen", at=records.later())
        old = new.hashed_password
        assert not await unit.users.replace_password_hash(user.id, old=old, new="$better")
        nobody = records.ids.new_id()
        assert not await unit.users.replace_password_hash(nobody, old=old, new="$better")
        credentials = await unit.users.get_credentials_by_id(user.id)
        await unit.commit()
    assert credentials is not None
    assert credentials.hashed_password == "$chosen"


async def test_of_two_who_replace_one_hash_at_once_one_does(
    storage: Storage, records: Records
) -> None:
    new = records.new_user()
    user = await store_user(storage, new)

    async def replace_with(better: str) -> bool:
        async with storage.database.transaction() as unit:
            replaced = await unit.users.replace_password_hash(
                user.id, old=new.hashed_password, new=better
            )
            await unit.commit()
        return replaced

    assert sorted(await asyncio.gather(*map(replace_with, ("$one", "$two")))) == [False, True]


async def test_a_deleted_account_s_password_hash_is_read_by_id_alone(
    storage: Storage, records: Records
) -> None:
    new = records.new_user()
    await store_user(storage, new)
    await change(storage, "deletion", new.id, records.later())
    async with storage.database.reading() as stored:
        found = await stored.users.get_credentials_by_id(new.id)
        assert await stored.users.get_credentials(new.email_key) is None
    assert found is not None
    assert found.user.status is UserStatus.DELETED


async def test_an_address_is_verified(storage: Storage, records: Records) -> None:
    new = records.new_user()
    await store_user(storage, new)
    verified = await change(storage, "verified address", new.id, records.later())
    assert verified.email_verified


async def test_an_account_is_made_if_the_address_is_free_and_the_unit_of_work_goes_on(
    storage: Storage, records: Records
) -> None:
    first, rival = records.new_user("ada@example.com"), records.new_user("ADA@example.com")
    async with storage.database.transaction() as unit:
        made = await unit.users.create_if_free(first)
        refused = await unit.users.create_if_free(rival)
        other = await unit.users.create_if_free(records.new_user("ben@example.com"))
        await unit.commit()
    assert made == await read(storage, first.id)
    assert refused is None
    assert other == await read(storage, other.id if other else first.id)
    assert await read(storage, rival.id) is None
    await change(storage, "deletion", first.id, records.later())
    async with storage.database.transaction() as unit:
        assert await unit.users.create_if_free(rival) is not None
        await unit.commit()


async def test_of_many_who_take_a_free_address_at_once_one_gets_it(
    storage: Storage, records: Records
) -> None:
    async def take() -> User | None:
        async with storage.database.transaction() as unit:
            made = await unit.users.create_if_free(records.new_user("ada@example.com"))
            await unit.commit()
        return made

    results = await asyncio.gather(*(take() for _ in range(5)))
    assert sum(result is not None for result in results) == 1
