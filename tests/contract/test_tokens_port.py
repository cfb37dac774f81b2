"""What every storage of refresh tokens and of service tokens promises."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.access_token import ServiceToken
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.refresh_token import Attempt, HeldToken, RefreshToken, Rotation
from core.postgres.errors import StatementFailed
from tests.contract.records import Records
from tests.contract.storage import Storage, store_session, store_token, store_user
from tests.fakes.tables import PortMisuse

pytestmark = pytest.mark.asyncio


async def stored_refresh_token(storage: Storage, records: Records) -> RefreshToken:
    user = await store_user(storage, records.new_user())
    session = await store_session(storage, records.session(user.id))
    return await store_token(storage, records.refresh_token(session))


async def read(storage: Storage, token: RefreshToken) -> RefreshToken | None:
    async with storage.database.reading() as stored:
        return await stored.refresh_tokens.get(token.digest)


async def rotate(
    storage: Storage, token: RefreshToken, facts: Rotation, successor: RefreshToken
) -> None:
    async with storage.database.transaction() as unit:
        assert await exchange(unit, token, facts, successor)
        await unit.commit()


async def exchange(
    unit: UnitOfWork, token: RefreshToken, facts: Rotation, successor: RefreshToken
) -> bool:
    return await unit.refresh_tokens.rotate(
        token.digest, facts, at=successor.created_at, session_ends_at=successor.expires_at
    )


async def successor_used(storage: Storage, token: RefreshToken) -> bool:
    found = await read(storage, token)
    assert found is not None
    assert found.rotation is not None
    return found.rotation.successor_used


def rotation(successor: RefreshToken) -> Rotation:
    return Rotation(
        successor_digest=successor.digest,
        attempt=Attempt(request_mark="a" * 64, binding_mark="b" * 64),
    )


async def test_a_refresh_token_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    token = await stored_refresh_token(storage, records)
    async with storage.database.reading() as stored:
        assert await stored.refresh_tokens.get(token.digest) == token
        assert await stored.refresh_tokens.get("0" * 64) is None


async def test_a_rotation_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    token = await stored_refresh_token(storage, records)
    successor = records.successor(token)
    await rotate(storage, token, rotation(successor), successor)
    used = replace(token, used_at=successor.created_at, rotation=rotation(successor))
    assert await read(storage, token) == used
    assert await read(storage, successor) == successor


async def test_a_rotation_of_whom_nothing_is_known_is_one_too(
    storage: Storage, records: Records
) -> None:
    token = await stored_refresh_token(storage, records)
    successor = records.successor(token)
    bare = Rotation(successor_digest=successor.digest, attempt=Attempt())
    await rotate(storage, token, bare, successor)
    used = replace(token, used_at=successor.created_at, rotation=bare)
    assert await read(storage, token) == used


async def test_a_token_shows_that_the_one_that_followed_it_was_used(
    storage: Storage, records: Records
) -> None:
    token = await stored_refresh_token(storage, records)
    second = records.successor(token)
    await rotate(storage, token, rotation(second), second)
    third = records.successor(second)
    await rotate(storage, second, rotation(third), third)
    assert [await successor_used(storage, each) for each in (token, second)] == [True, False]


async def test_a_refresh_token_is_used_once(storage: Storage, records: Records) -> None:
    token = await stored_refresh_token(storage, records)
    successor, other = records.successor(token), records.successor(token)
    nobody = replace(token, digest="0" * 64)
    async with storage.database.transaction() as unit:
        assert await exchange(unit, token, rotation(successor), successor)
        assert not await exchange(unit, token, rotation(other), other)
        assert not await exchange(unit, nobody, rotation(other), other)
        await unit.commit()
    used = replace(token, used_at=successor.created_at, rotation=rotation(successor))
    assert await read(storage, token) == used
    assert await read(storage, other) is None


async def test_of_many_who_use_a_refresh_token_at_once_one_succeeds(
    storage: Storage, records: Records
) -> None:
    token = await stored_refresh_token(storage, records)
    successor = records.successor(token)

    async def use() -> bool:
        async with storage.database.transaction() as unit:
            used = await exchange(unit, token, rotation(successor), successor)
            await unit.commit()
        return used

    assert sorted(await asyncio.gather(*(use() for _ in range(10)))) == [False] * 9 + [True]


async def test_replays_are_counted_also_at_the_same_time(
    storage: Storage, records: Records
) -> None:
    token = await stored_refresh_token(storage, records)
    successor = records.successor(token)
    await rotate(storage, token, rotation(successor), successor)

    async def replay() -> None:
        async with storage.database.transaction() as unit:
            await unit.refresh_tokens.count_replay(token.digest)
            await unit.commit()

    await asyncio.gather(*(replay() for _ in range(7)))
    counted = replace(rotation(successor), window_replays=7)
    used = replace(token, used_at=successor.created_at, rotation=counted)
    assert await read(storage, token) == used
    assert await read(storage, successor) == successor


async def hold(storage: Storage, digest: str) -> HeldToken | None:
    async with storage.database.transaction() as unit:
        return await unit.refresh_tokens.hold(digest)


async def test_a_token_is_held_with_its_session_and_its_user(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    session = await store_session(storage, records.session(user.id))
    token = await store_token(storage, records.refresh_token(session))
    assert await hold(storage, "0" * 64) is None
    assert await hold(storage, token.digest) == HeldToken(token=token, session=session, user=user)
    second = records.successor(token)
    await rotate(storage, token, rotation(second), second)
    third = records.successor(second)
    await rotate(storage, second, rotation(third), third)
    held = await hold(storage, token.digest)
    assert held is not None
    assert held.token.used_at == second.created_at
    assert held.token.rotation == replace(rotation(second), successor_used=True)
    assert held.session == replace(
        session, last_used_at=third.created_at, expires_at=third.expires_at
    )


async def test_a_session_has_one_unused_token_at_a_time(storage: Storage, records: Records) -> None:
    token = await stored_refresh_token(storage, records)
    async with storage.database.transaction() as unit:
        with pytest.raises((PortMisuse, StatementFailed), match="unused"):
            await unit.refresh_tokens.add(records.successor(token))


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
