"""Showing and ending sessions."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.errors import SessionNotFound, UserNotFound
from core.domain.events import SessionRevoked
from core.domain.session import RevocationCause
from core.domain.user import User
from tests.fakes.world import LIFETIMES, World


async def _ada() -> tuple[World, User]:
    world = World()
    user = await world.register()
    world.forget_the_past()
    return world, user


def _revoked(user: User, *session_ids: UUID) -> list[SessionRevoked]:
    cause = RevocationCause.REVOKED
    return [
        SessionRevoked(user_id=user.id, session_id=session_id, cause=cause)
        for session_id in session_ids
    ]


async def test_living_sessions_are_listed_the_newest_first() -> None:
    world, user = await _ada()
    expired = await world.login()
    world.clock.advance(LIFETIMES.refresh_idle_seconds - 60)
    first = await world.login()
    world.clock.advance(60)
    second = await world.login()
    revoked = await world.login()
    await world.use_cases.sessions.revoke(
        user.id, revoked.tokens.session_id, caller=world.caller(user)
    )
    listed = await world.use_cases.sessions.list_alive(user.id)
    assert [session.id for session in listed] == [
        second.tokens.session_id,
        first.tokens.session_id,
    ]
    assert expired.tokens.session_id in world.database.tables.sessions


async def test_sessions_of_others_are_not_listed() -> None:
    world, user = await _ada()
    await world.register("eve@example.com")
    await world.login("eve@example.com")
    assert await world.use_cases.sessions.list_alive(user.id) == []


async def test_an_unknown_person_has_no_list_and_a_deleted_one_an_empty_list() -> None:
    world, user = await _ada()
    await world.login()
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    assert await world.use_cases.sessions.list_alive(user.id) == []
    with pytest.raises(UserNotFound):
        await world.use_cases.sessions.list_alive(world.ids.new_id())


async def test_one_session_is_ended_and_the_others_go_on() -> None:
    world, user = await _ada()
    ended, stays = await world.login(), await world.login()
    world.forget_the_past()
    await world.use_cases.sessions.revoke(
        user.id, ended.tokens.session_id, caller=world.caller(user)
    )
    assert world.database.events == _revoked(user, ended.tokens.session_id)
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.SESSION_REVOKE, AuditOutcome.SUCCESS)
    assert entry.resource_type is ResourceType.SESSION
    assert entry.resource_id == str(ended.tokens.session_id)
    assert (entry.actor_id, entry.user_id) == (str(user.id), user.id)
    introspect = world.use_cases.introspection.introspect
    assert await introspect(ended.tokens.access_token) is None
    assert await introspect(stays.tokens.access_token) is not None


async def test_a_session_that_has_ended_is_left_alone() -> None:
    world, user = await _ada()
    session_id = (await world.login()).tokens.session_id
    await world.use_cases.sessions.revoke(user.id, session_id, caller=world.caller(user))
    before = world.database.snapshot()
    await world.use_cases.sessions.revoke(user.id, session_id, caller=world.caller(user))
    assert world.database.snapshot() == before


async def test_a_session_of_somebody_else_is_not_found() -> None:
    world, user = await _ada()
    eve = await world.register("eve@example.com")
    session_id = (await world.login()).tokens.session_id
    before = world.database.snapshot()
    with pytest.raises(SessionNotFound):
        await world.use_cases.sessions.revoke(eve.id, session_id, caller=world.caller(eve))
    with pytest.raises(SessionNotFound):
        await world.use_cases.sessions.revoke(
            user.id, world.ids.new_id(), caller=world.caller(user)
        )
    assert world.database.snapshot() == before


async def test_all_sessions_are_ended_with_one_row_and_an_event_for_each() -> None:
    world, user = await _ada()
    session_ids = [(await world.login()).tokens.session_id for _ in range(3)]
    world.forget_the_past()
    ended = await world.use_cases.sessions.revoke_all(
        user.id, keep_current=False, caller=world.caller(user, session_ids[0])
    )
    assert ended == 3
    assert world.database.events == _revoked(user, *session_ids)
    entry = world.only_audit_entry
    assert (entry.resource_type, entry.resource_id) == (ResourceType.USER, str(user.id))
    assert entry.details == {"revoked_sessions": 3}


async def test_the_caller_s_own_session_is_kept_on_request() -> None:
    world, user = await _ada()
    session_ids = [(await world.login()).tokens.session_id for _ in range(3)]
    ended = await world.use_cases.sessions.revoke_all(
        user.id, keep_current=True, caller=world.caller(user, session_ids[1])
    )
    assert ended == 2
    alive = await world.use_cases.sessions.list_alive(user.id)
    assert [session.id for session in alive] == [session_ids[1]]


async def test_an_administrator_s_own_session_keeps_none_of_another_person() -> None:
    world, user = await _ada()
    await world.login()
    admin = await world.create_admin()
    own = (await world.login(admin.email)).tokens.session_id
    ended = await world.use_cases.sessions.revoke_all(
        user.id, keep_current=True, caller=world.caller(admin, own)
    )
    assert ended == 1
    assert world.database.tables.sessions[own].revoked_at is None


async def test_where_no_session_lives_nothing_is_recorded() -> None:
    world, user = await _ada()
    before = world.database.snapshot()
    ended = await world.use_cases.sessions.revoke_all(
        user.id, keep_current=False, caller=world.caller(user)
    )
    assert ended == 0
    assert world.database.snapshot() == before


async def test_sessions_of_a_deleted_or_unknown_person_cannot_be_ended() -> None:
    world, user = await _ada()
    session_id = (await world.login()).tokens.session_id
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    before = world.database.snapshot()
    for absent in (user, replace(user, id=world.ids.new_id())):
        with pytest.raises(UserNotFound):
            await world.use_cases.sessions.revoke(absent.id, session_id, caller=world.staff())
        with pytest.raises(UserNotFound):
            await world.use_cases.sessions.revoke_all(
                absent.id, keep_current=False, caller=world.staff()
            )
    assert world.database.snapshot() == before
