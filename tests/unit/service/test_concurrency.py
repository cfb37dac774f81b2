"""Use cases side by side."""

from collections import Counter

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.caller import Caller
from core.domain.errors import (
    EmailAlreadyRegistered,
    KycTransitionNotAllowed,
    LastAdmin,
    RefreshTokenInvalid,
    RefreshTokenReused,
    UserNotFound,
)
from core.domain.events import SessionRevoked, UserSuspended
from core.domain.kyc import KycStatus
from core.domain.session import TokenPair
from core.domain.user import Role, User
from tests.fakes.world import World
from tests.unit.service.concurrently import outcomes


def _kinds(results: list[object]) -> Counter[type]:
    return Counter(type(result) for result in results)


async def _refresh(world: World, refresh_token: str, caller: Caller | None = None) -> TokenPair:
    return await world.use_cases.refresh.refresh(
        refresh_token=refresh_token, request_id=None, caller=caller or world.nobody
    )


async def test_of_100_registrations_of_one_address_exactly_one_succeeds() -> None:
    world = World()
    spellings = ["ada@example.com", "ADA@example.com", " Ada@Example.Com "]
    results = await outcomes(world.register(spellings[number % 3]) for number in range(100))
    assert _kinds(list(results)) == {User: 1, EmailAlreadyRegistered: 99}
    assert len(world.database.tables.users) == 1
    assert len(world.database.audit_entries) == 1
    assert len(world.database.events) == 1


async def test_of_two_clients_who_refresh_one_token_one_wins_and_the_other_is_a_thief() -> None:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    results = await outcomes(
        _refresh(world, tokens.refresh_token, caller) for caller in (world.nobody, world.stranger)
    )
    assert _kinds(list(results)) == {TokenPair: 1, RefreshTokenReused: 1}
    (winner,) = (result for result in results if isinstance(result, TokenPair))
    assert await world.use_cases.introspection.introspect(winner.access_token) is None
    with pytest.raises(RefreshTokenInvalid):
        await _refresh(world, winner.refresh_token)


async def test_of_20_refreshes_with_one_token_the_12th_revokes_the_session_once() -> None:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    world.forget_the_past()
    results = await outcomes(_refresh(world, tokens.refresh_token) for _ in range(20))
    assert _kinds(list(results)) == {TokenPair: 11, RefreshTokenReused: 9}
    assert len({pair.refresh_token for pair in results if isinstance(pair, TokenPair)}) == 1
    assert len(world.database.events) == 2
    assert len(world.database.audit_entries) == 20
    unused = [token for token in world.database.tables.refresh_tokens.values() if not token.used_at]
    assert len(unused) == 1


async def test_a_refresh_beside_a_suspension_leaves_no_living_session() -> None:
    world = World()
    user = await world.register()
    tokens = (await world.login()).tokens
    world.forget_the_past()
    await outcomes(
        [
            world.use_cases.administration.suspend(user.id, reason="fraud", caller=world.staff()),
            _refresh(world, tokens.refresh_token),
            world.login(),
        ]
    )
    assert await world.use_cases.sessions.list_alive(user.id) == []
    kinds = [type(event) for event in world.database.events]
    assert kinds.index(UserSuspended) < kinds.index(SessionRevoked)


async def test_of_two_last_administrators_only_one_can_give_up() -> None:
    world = World()
    first, second = await world.create_admin(), await world.create_admin("two@example.com")
    administration, deletion = world.use_cases.administration, world.use_cases.deletion
    results = await outcomes(
        [
            administration.set_role(first.id, role=Role.USER, caller=world.caller(second)),
            deletion.delete(second.id, caller=world.caller(first)),
        ]
    )
    assert _kinds(list(results)) == {User: 1, LastAdmin: 1}
    async with world.database.reading() as stored:
        assert await stored.users.count_active_admins() == 1


async def test_two_reviewers_cannot_decide_the_same_step_twice() -> None:
    world = World()
    user = await world.register()
    world.forget_the_past()
    results = await outcomes(
        world.use_cases.kyc.update(
            user.id, status=status, reason="because", caller=world.staff(Role.COMPLIANCE)
        )
        for status in (KycStatus.VERIFIED, KycStatus.REJECTED)
    )
    assert sum(isinstance(result, KycTransitionNotAllowed) for result in results) == 1
    (review,) = world.database.tables.kyc_reviews.values()
    assert world.stored_user(user.id).kyc_status is review.status
    assert len(world.database.events) == 1


async def test_an_account_is_deleted_once() -> None:
    world = World()
    user = await world.register()
    results = await outcomes(
        world.use_cases.deletion.delete(user.id, caller=world.caller(user)) for _ in range(5)
    )
    assert _kinds(list(results)) == {User: 1, UserNotFound: 4}


async def test_a_second_logout_at_the_same_time_finds_the_session_ended() -> None:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    world.forget_the_past()
    await outcomes(
        world.use_cases.logout.logout(
            refresh_token=tokens.refresh_token, access_token=None, caller=world.nobody
        )
        for _ in range(3)
    )
    assert len(world.database.events) == 1
    logouts = [
        entry.details
        for entry in world.database.audit_entries
        if entry.action is AuditAction.LOGOUT and entry.outcome is AuditOutcome.SUCCESS
    ]
    assert logouts == [{}, {"already_ended": True}, {"already_ended": True}]
