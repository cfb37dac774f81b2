"""Authentication and introspection."""

from dataclasses import replace

import pytest

from core.domain.access_token import AccessTokenClaims
from core.domain.caller import ActorType, Caller
from core.domain.errors import DomainError, SessionRevoked, TokenExpired, TokenInvalid
from core.domain.kyc import KycStatus
from core.domain.session import LoginResult
from core.domain.user import Role
from tests.fakes.world import ORIGIN, World


async def _authenticate(world: World, access_token: str) -> Caller:
    return await world.use_cases.authentication.authenticate(access_token, ORIGIN)


async def _refused(world: World, error: type[DomainError], access_token: str) -> None:
    """Expect that a token is worth nothing, to callers and to services that ask about it."""
    before = world.database.snapshot()
    with pytest.raises(error):
        await _authenticate(world, access_token)
    assert await world.use_cases.introspection.introspect(access_token) is None
    assert world.database.snapshot() == before


async def _logged_in() -> tuple[World, LoginResult]:
    world = World()
    await world.register()
    return world, await world.login()


async def test_a_person_is_known_by_the_token_of_a_living_session() -> None:
    world, opened = await _logged_in()
    logged_in_at = world.clock.now()
    world.clock.advance(60)
    caller = await _authenticate(world, opened.tokens.access_token)
    assert caller == Caller(
        origin=ORIGIN,
        actor_type=ActorType.USER,
        user_id=opened.user.id,
        session_id=opened.tokens.session_id,
        role=Role.USER,
        authenticated_at=logged_in_at,
    )


async def test_a_refresh_is_no_authentication() -> None:
    world, opened = await _logged_in()
    logged_in_at = world.clock.now()
    world.clock.advance(60)
    pair = await world.use_cases.refresh.refresh(
        refresh_token=opened.tokens.refresh_token, request_id=None, caller=world.nobody
    )
    caller = await _authenticate(world, pair.access_token)
    assert caller.authenticated_at == logged_in_at


async def test_the_role_of_now_counts_not_that_of_the_token() -> None:
    world, opened = await _logged_in()
    await world.use_cases.administration.set_role(
        opened.user.id, role=Role.SUPPORT, caller=world.staff()
    )
    caller = await _authenticate(world, opened.tokens.access_token)
    assert caller.role is Role.SUPPORT


async def test_introspection_tells_role_and_kyc_status_of_now() -> None:
    world, opened = await _logged_in()
    user_id = opened.user.id
    issued = world.access_tokens.read(opened.tokens.access_token)
    await world.use_cases.kyc.update(
        user_id, status=KycStatus.VERIFIED, reason=None, caller=world.staff()
    )
    await world.use_cases.administration.set_role(
        user_id, role=Role.COMPLIANCE, caller=world.staff()
    )
    claims = await world.use_cases.introspection.introspect(opened.tokens.access_token)
    assert claims == replace(issued, role=Role.COMPLIANCE, kyc_status=KycStatus.VERIFIED)


async def test_a_forged_token_is_refused() -> None:
    world, _ = await _logged_in()
    await _refused(world, TokenInvalid, "forged")


async def test_a_token_is_refused_when_its_life_is_over() -> None:
    world, opened = await _logged_in()
    world.clock.advance(900)
    await _refused(world, TokenExpired, opened.tokens.access_token)


async def test_a_revoked_session_is_refused_at_the_next_call() -> None:
    world, opened = await _logged_in()
    await world.use_cases.sessions.revoke(
        opened.user.id, opened.tokens.session_id, caller=world.staff()
    )
    await _refused(world, SessionRevoked, opened.tokens.access_token)


async def test_a_suspended_user_is_refused_even_in_a_session_that_lives() -> None:
    world, opened = await _logged_in()
    world.store_user(replace(opened.user, suspended_at=world.clock.now()))
    await _refused(world, SessionRevoked, opened.tokens.access_token)


async def test_a_deleted_user_is_refused_even_in_a_session_that_lives() -> None:
    world, opened = await _logged_in()
    world.store_user(replace(opened.user, deleted_at=world.clock.now()))
    await _refused(world, SessionRevoked, opened.tokens.access_token)


async def test_the_absolute_end_of_a_session_counts_before_the_end_of_its_token() -> None:
    world, opened = await _logged_in()
    sessions = world.database.tables.sessions
    session = sessions[opened.tokens.session_id]
    sessions[session.id] = replace(session, absolute_expires_at=world.clock.now())
    await _refused(world, SessionRevoked, opened.tokens.access_token)


async def test_a_session_that_is_not_stored_is_refused() -> None:
    world, opened = await _logged_in()
    world.database.tables.refresh_tokens.clear()
    world.database.tables.sessions.clear()
    await _refused(world, SessionRevoked, opened.tokens.access_token)


async def test_a_token_that_names_another_person_than_its_session_is_refused() -> None:
    world, opened = await _logged_in()
    other = await world.register("eve@example.com")
    claims = world.access_tokens.read(opened.tokens.access_token)
    mixed = world.access_tokens.issue(replace(claims, subject=str(other.id)))
    await _refused(world, TokenInvalid, mixed)


async def test_a_person_s_token_without_a_session_is_refused() -> None:
    world, opened = await _logged_in()
    claims = world.access_tokens.read(opened.tokens.access_token)
    homeless = world.access_tokens.issue(replace(claims, session_id=None))
    await _refused(world, TokenInvalid, homeless)


async def test_authentication_asks_the_database_once() -> None:
    world, opened = await _logged_in()
    world.database.steps.clear()
    await _authenticate(world, opened.tokens.access_token)
    assert world.database.steps == ["reading", "sessions.get_state"]


async def test_a_service_is_known_by_its_token() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    caller = await _authenticate(world, token)
    assert caller == Caller(
        origin=ORIGIN, actor_type=ActorType.SERVICE, service_name="ledger", role=Role.SERVICE
    )
    assert caller.actor_id == "service:ledger"
    claims = await world.use_cases.introspection.introspect(token)
    assert claims == world.access_tokens.read(token)


async def test_a_service_s_token_is_refused_once_it_is_revoked() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    await world.use_cases.service_tokens.revoke("ledger", caller=world.system)
    await _refused(world, TokenInvalid, token)


def _issue(world: World, claims: AccessTokenClaims) -> str:
    return world.access_tokens.issue(claims)


async def test_a_service_s_token_without_a_record_is_refused() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    unknown = replace(world.access_tokens.read(token), token_id=world.ids.new_id())
    await _refused(world, TokenInvalid, _issue(world, unknown))


async def test_a_service_s_token_under_another_name_than_recorded_is_refused() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    renamed = replace(world.access_tokens.read(token), subject="service:wallet")
    await _refused(world, TokenInvalid, _issue(world, renamed))


async def test_a_service_s_token_of_another_role_is_refused() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    promoted = replace(world.access_tokens.read(token), role=Role.ADMIN)
    await _refused(world, TokenInvalid, _issue(world, promoted))
