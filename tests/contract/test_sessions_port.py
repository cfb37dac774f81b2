"""What every storage of sessions promises."""

import asyncio
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from core.domain.kyc import KycStatus
from core.domain.refresh_token import Attempt, Rotation
from core.domain.session import RevocationCause, Session, SessionState
from core.domain.user import Role, User, UserStatus
from tests.contract.records import Records
from tests.contract.storage import Storage, store_session, store_token, store_user

pytestmark = pytest.mark.asyncio


async def read(storage: Storage, session_id: UUID) -> Session | None:
    async with storage.database.reading() as stored:
        return await stored.sessions.get(session_id)


async def state(storage: Storage, session_id: UUID) -> SessionState | None:
    async with storage.database.reading() as stored:
        return await stored.sessions.get_state(session_id)


async def person(storage: Storage, records: Records) -> User:
    return await store_user(storage, records.new_user())


async def test_a_session_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))
    bare = replace(records.session(user.id), ip_address=None, user_agent=None, amr=())
    await store_session(storage, bare)
    assert await read(storage, session.id) == session
    assert await read(storage, bare.id) == bare


async def test_what_is_absent_is_none(storage: Storage, records: Records) -> None:
    nobody = records.ids.new_id()
    async with storage.database.transaction() as unit:
        assert await unit.sessions.get(nobody) is None
        assert await unit.sessions.get_state(nobody) is None
        assert await unit.sessions.lock(nobody) is None
        assert await unit.sessions.list_alive(nobody, now=records.now()) == []


async def test_the_state_tells_of_the_session_and_of_its_user(
    storage: Storage, records: Records
) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))
    fresh = SessionState(
        session_id=session.id,
        authenticated_at=session.created_at,
        revoked_at=None,
        absolute_expires_at=session.absolute_expires_at,
        user=user,
    )
    assert await state(storage, session.id) == fresh
    at = records.later()
    async with storage.database.transaction() as unit:
        await unit.users.set_role(user.id, role=Role.COMPLIANCE, at=at)
        await unit.users.update_kyc(user.id, status=KycStatus.REJECTED, at=at)
        suspended = await unit.users.set_suspended(user.id, suspended=True, at=at)
        await unit.sessions.revoke(session.id, cause=RevocationCause.USER_SUSPENDED, at=at)
        seen_inside = await unit.sessions.get_state(session.id)
        await unit.commit()
    assert (suspended.role, suspended.kyc_status) == (Role.COMPLIANCE, KycStatus.REJECTED)
    changed = replace(fresh, user=suspended, revoked_at=at)
    assert seen_inside == changed
    assert await state(storage, session.id) == changed


async def refresh(storage: Storage, records: Records, session: Session, at: datetime) -> None:
    """Refresh a session up to its absolute end."""
    token = await store_token(storage, records.refresh_token(session))
    rotation = Rotation(successor_digest=records.successor(token).digest, attempt=Attempt())
    async with storage.database.transaction() as unit:
        assert await unit.refresh_tokens.rotate(
            token.digest, rotation, at=at, session_ends_at=session.absolute_expires_at
        )
        await unit.commit()


async def test_no_refresh_moves_the_time_of_authentication(
    storage: Storage, records: Records
) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))
    await refresh(storage, records, session, records.later())
    found = await state(storage, session.id)
    assert found is not None
    assert found.authenticated_at == session.created_at


async def test_a_deleted_user_shows_in_the_state(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))
    async with storage.database.transaction() as unit:
        await unit.users.soft_delete(user.id, at=records.later())
        await unit.commit()
    found = await state(storage, session.id)
    assert found is not None
    assert found.user.status is UserStatus.DELETED


async def test_concurrent_reads_of_states_each_get_their_own(
    storage: Storage, records: Records
) -> None:
    users = [await person(storage, records) for _ in range(5)]
    sessions = [await store_session(storage, records.session(users[n % 5].id)) for n in range(49)]
    asked = [*(session.id for session in sessions), records.ids.new_id()]
    async with storage.database.reading() as stored:
        found = await asyncio.gather(*(stored.sessions.get_state(one) for one in asked))
    assert found[-1] is None
    assert [one and (one.session_id, one.user.id) for one in found[:-1]] == [
        (session.id, session.user_id) for session in sessions
    ]


async def test_a_state_is_never_older_than_the_question(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))

    async def keep_asking(until: asyncio.Event) -> None:
        while not until.is_set():
            await state(storage, session.id)

    done = asyncio.Event()
    others = [asyncio.create_task(keep_asking(done)) for _ in range(10)]
    for role in (Role.SUPPORT, Role.USER) * 20:
        async with storage.database.transaction() as unit:
            await unit.users.set_role(user.id, role=role, at=records.later())
            await unit.commit()
        found = await state(storage, session.id)
        assert found is not None
        assert found.user.role is role
    done.set()
    await asyncio.gather(*others)


async def test_the_living_sessions_of_a_person_are_listed_newest_first(
    storage: Storage, records: Records
) -> None:
    user, stranger = await person(storage, records), await person(storage, records)
    oldest = await store_session(storage, records.session(user.id))
    revoked = await store_session(storage, records.session(user.id))
    await store_session(storage, records.session(user.id, idle_seconds=1))
    await store_session(storage, records.session(stranger.id))
    newest = await store_session(storage, records.session(user.id))
    async with storage.database.transaction() as unit:
        await unit.sessions.revoke(revoked.id, cause=RevocationCause.LOGOUT, at=records.later())
        await unit.commit()
    async with storage.database.reading() as stored:
        assert await stored.sessions.list_alive(user.id, now=records.now()) == [newest, oldest]
        at_its_end = await stored.sessions.list_alive(user.id, now=newest.expires_at)
    assert at_its_end == []


async def test_a_refresh_moves_the_idle_end_alone(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))
    used_at, end = records.later(), session.absolute_expires_at
    await refresh(storage, records, session, used_at)
    assert await read(storage, session.id) == replace(session, last_used_at=used_at, expires_at=end)


async def test_a_session_is_ended_once(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    session = await store_session(storage, records.session(user.id))
    first, second = records.later(), records.later()
    async with storage.database.transaction() as unit:
        assert await unit.sessions.revoke(session.id, cause=RevocationCause.LOGOUT, at=first)
        again = await unit.sessions.revoke(session.id, cause=RevocationCause.REVOKED, at=second)
        absent = await unit.sessions.revoke(
            records.ids.new_id(), cause=RevocationCause.REVOKED, at=second
        )
        await unit.commit()
    assert (again, absent) == (False, False)
    assert await read(storage, session.id) == replace(
        session, revoked_at=first, revocation_cause=RevocationCause.LOGOUT
    )


async def test_all_living_sessions_but_one_are_ended_and_named_in_order(
    storage: Storage, records: Records
) -> None:
    user, stranger = await person(storage, records), await person(storage, records)
    expired = await store_session(storage, records.session(user.id, idle_seconds=1))
    ended = await store_session(storage, records.session(user.id))
    kept, *others = [await store_session(storage, records.session(user.id)) for _ in range(3)]
    foreign = await store_session(storage, records.session(stranger.id))
    async with storage.database.transaction() as unit:
        await unit.sessions.revoke(ended.id, cause=RevocationCause.LOGOUT, at=records.later())
        revoked = await unit.sessions.revoke_all(
            user.id, cause=RevocationCause.USER_DELETED, at=records.later(), keep=kept.id
        )
        await unit.commit()
    assert revoked == sorted(session.id for session in others)
    assert [await read(storage, one.id) for one in (expired, kept, foreign)] == [
        expired,
        kept,
        foreign,
    ]
    async with storage.database.transaction() as unit:
        rest = await unit.sessions.revoke_all(
            user.id, cause=RevocationCause.USER_DELETED, at=records.later()
        )
        await unit.commit()
    assert rest == [kept.id]
