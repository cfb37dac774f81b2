"""What every storage of refresh tokens and of service tokens promises."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.access_token import ServiceToken
from core.domain.session import RefreshToken
from tests.contract.records import Records
from tests.contract.storage import Storage, store_session, store_token, store_user

pytestmark = pytest.mark.asyncio


async def stored_refresh_token(storage: Storage, records: Records) -> RefreshToken:
    user = await store_user(storage, records.new_user())
    session = await store_session(storage, records.session(user.id))
    return await store_token(storage, records.refresh_token(session))


async def test_a_refresh_token_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    token = await stored_refresh_token(storage, records)
    async with storage.database.reading() as stored:
        assert await stored.refresh_tokens.get(token.digest) == token
        assert await stored.refresh_tokens.get("0" * 64) is None


async def test_a_refresh_token_is_used_once(storage: Storage, records: Records) -> None:
    token = await stored_refresh_token(storage, records)
    first, second = records.later(), records.later()
    async with storage.database.transaction() as unit:
        assert await unit.refresh_tokens.mark_used(token.digest, at=first)
        assert not await unit.refresh_tokens.mark_used(token.digest, at=second)
        assert not await unit.refresh_tokens.mark_used("0" * 64, at=second)
        await unit.commit()
    async with storage.database.reading() as stored:
        assert await stored.refresh_tokens.get(token.digest) == replace(token, used_at=first)


async def test_of_many_who_use_a_refresh_token_at_once_one_succeeds(
    storage: Storage, records: Records
) -> None:
    token = await stored_refresh_token(storage, records)

    async def use() -> bool:
        async with storage.database.transaction() as unit:
            used = await unit.refresh_tokens.mark_used(token.digest, at=records.now())
            await unit.commit()
        return used

    assert sorted(await asyncio.gather(*(use() for _ in range(10)))) == [False] * 9 + [True]


async def test_a_service_token_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    token = records.service_token("wallet")
    async with storage.database.transaction() as unit:
        await unit.service_tokens.add(token)
        await unit.commit()
    async with storage.database.reading() as stored:
        assert await stored.service_tokens.get(token.id) == token
        assert await stored.service_tokens.get(records.ids.new_id()) is None


async def test_the_living_tokens_of_a_service_are_revoked_and_counted(
    storage: Storage, records: Records
) -> None:
    expired = records.service_token("wallet", lifetime_seconds=1)
    living = [records.service_token("wallet") for _ in range(2)]
    foreign = records.service_token("trading")
    async with storage.database.transaction() as unit:
        for token in (expired, *living, foreign):
            await unit.service_tokens.add(token)
        await unit.commit()
    at = records.later()
    async with storage.database.transaction() as unit:
        assert await unit.service_tokens.revoke_all("wallet", at=at) == 2
        assert await unit.service_tokens.revoke_all("wallet", at=records.later()) == 0
        assert await unit.service_tokens.revoke_all("nobody", at=at) == 0
        await unit.commit()
    expected: list[ServiceToken] = [
        expired,
        *(replace(token, revoked_at=at) for token in living),
        foreign,
    ]
    async with storage.database.reading() as stored:
        assert [await stored.service_tokens.get(token.id) for token in expected] == expected
