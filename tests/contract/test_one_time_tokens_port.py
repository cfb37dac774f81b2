"""What every storage of one-time tokens promises."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.one_time_token import OneTimeToken, TokenPurpose
from tests.contract.records import Records
from tests.contract.storage import Storage, store_one_time_token, store_user

pytestmark = pytest.mark.asyncio

RESET, VERIFICATION = TokenPurpose.PASSWORD_RESET, TokenPurpose.EMAIL_VERIFICATION


async def read(storage: Storage, token: OneTimeToken) -> OneTimeToken | None:
    async with storage.database.reading() as stored:
        return await stored.one_time_tokens.get(token.digest)


async def stored_token(
    storage: Storage, records: Records, *, lifetime_seconds: float = 1800
) -> OneTimeToken:
    user = await store_user(storage, records.new_user())
    token = records.one_time_token(user.id, lifetime_seconds=lifetime_seconds)
    return await store_one_time_token(storage, token)


async def test_a_token_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    token = await stored_token(storage, records)
    assert await read(storage, token) == token
    assert await read(storage, replace(token, digest="0" * 64)) is None


async def test_a_token_of_nobody_is_not_stored_and_breaks_nothing(
    storage: Storage, records: Records
) -> None:
    token = records.one_time_token(records.ids.new_id())
    await store_one_time_token(storage, token)
    assert await read(storage, token) is None


async def test_a_token_is_used_once(storage: Storage, records: Records) -> None:
    token = await stored_token(storage, records)
    first, second = records.later(), records.later()
    async with storage.database.transaction() as unit:
        assert await unit.one_time_tokens.mark_used(token.id, at=first)
        assert not await unit.one_time_tokens.mark_used(token.id, at=second)
        assert not await unit.one_time_tokens.mark_used(records.ids.new_id(), at=second)
        await unit.commit()
    assert await read(storage, token) == replace(token, used_at=first)


async def test_a_token_is_used_up_to_its_end_and_not_from_then_on(
    storage: Storage, records: Records
) -> None:
    token = await stored_token(storage, records)
    async with storage.database.transaction() as unit:
        assert not await unit.one_time_tokens.mark_used(token.id, at=token.expires_at)
        assert await unit.one_time_tokens.mark_used(
            token.id, at=token.expires_at.replace(microsecond=token.expires_at.microsecond - 1)
        )


async def test_of_many_who_use_a_token_at_once_one_succeeds(
    storage: Storage, records: Records
) -> None:
    token = await stored_token(storage, records)

    async def use() -> bool:
        async with storage.database.transaction() as unit:
            used = await unit.one_time_tokens.mark_used(token.id, at=records.now())
            await unit.commit()
        return used

    assert sorted(await asyncio.gather(*(use() for _ in range(10)))) == [False] * 9 + [True]


async def test_a_newer_token_ends_the_older_one_of_its_purpose_alone(
    storage: Storage, records: Records
) -> None:
    older = await stored_token(storage, records)
    other_purpose = records.one_time_token(older.user_id, VERIFICATION)
    await store_one_time_token(storage, other_purpose)
    foreign = await stored_token(storage, records)
    newer = await store_one_time_token(storage, records.one_time_token(older.user_id))
    assert await read(storage, older) == replace(older, superseded_at=newer.created_at)
    for token in (newer, other_purpose, foreign):
        assert await read(storage, token) == token
    async with storage.database.transaction() as unit:
        assert not await unit.one_time_tokens.mark_used(older.id, at=records.now())
        assert await unit.one_time_tokens.mark_used(newer.id, at=records.now())


async def test_what_was_used_is_not_superseded_and_what_has_expired_is(
    storage: Storage, records: Records
) -> None:
    used = await stored_token(storage, records)
    at = records.later()
    async with storage.database.transaction() as unit:
        await unit.one_time_tokens.mark_used(used.id, at=at)
        await unit.commit()
    expired = records.one_time_token(used.user_id, lifetime_seconds=1)
    await store_one_time_token(storage, expired)
    now = records.later(seconds=60)
    async with storage.database.transaction() as unit:
        assert await unit.one_time_tokens.supersede(used.user_id, RESET, at=now) == 1
        assert await unit.one_time_tokens.supersede(used.user_id, RESET, at=now) == 0
        assert await unit.one_time_tokens.supersede(records.ids.new_id(), RESET, at=now) == 0
        await unit.commit()
    assert await read(storage, used) == replace(used, used_at=at)
    assert await read(storage, expired) == replace(expired, superseded_at=now)


async def test_leaving_without_a_commit_leaves_nothing(storage: Storage, records: Records) -> None:
    token = await stored_token(storage, records)
    newer = records.one_time_token(token.user_id)
    async with storage.database.transaction() as unit:
        await unit.users.lock(token.user_id)
        await unit.one_time_tokens.supersede(token.user_id, RESET, at=records.now())
        await unit.one_time_tokens.add(newer)
        assert await unit.one_time_tokens.get(newer.digest) == newer
    assert await read(storage, token) == token
    assert await read(storage, newer) is None
