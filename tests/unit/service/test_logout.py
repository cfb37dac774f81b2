"""Logout."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    DomainError,
    PermissionDenied,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from core.domain.events import SessionRevoked
from core.domain.session import RevocationCause, TokenPair
from tests.fakes.world import World


async def _logout(
    world: World, *, refresh_token: str | None = None, access_token: str | None = None
) -> None:
    await world.use_cases.logout.logout(
        refresh_token=refresh_token, access_token=access_token, caller=world.nobody
    )


async def _logged_in() -> tuple[World, TokenPair]:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    world.forget_the_past()
    return world, tokens


def _assert_logged_out(world: World, tokens: TokenPair) -> None:
    session = world.database.tables.sessions[tokens.session_id]
    assert session.revoked_at == world.clock.now()
    assert session.revocation_cause is RevocationCause.LOGOUT
    assert world.database.events == [
        SessionRevoked(user_id=session.user_id, session_id=session.id, cause=RevocationCause.LOGOUT)
    ]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.LOGOUT, AuditOutcome.SUCCESS)
    assert (entry.actor_id, entry.user_id) == (str(session.user_id), session.user_id)
    assert entry.resource_id == str(session.id)
    assert entry.details == {}


async def test_a_refresh_token_ends_its_session() -> None:
    world, tokens = await _logged_in()
    await _logout(world, refresh_token=tokens.refresh_token)
    _assert_logged_out(world, tokens)


async def test_an_access_token_ends_its_session() -> None:
    world, tokens = await _logged_in()
    await _logout(world, access_token=tokens.access_token)
    _assert_logged_out(world, tokens)


async def test_with_both_tokens_the_refresh_token_decides() -> None:
    world, tokens = await _logged_in()
    other = (await world.login()).tokens
    await _logout(world, refresh_token=tokens.refresh_token, access_token=other.access_token)
    sessions = world.database.tables.sessions
    assert sessions[tokens.session_id].revoked_at is not None
    assert sessions[other.session_id].revoked_at is None


async def test_a_used_refresh_token_still_says_which_session_to_end() -> None:
    world, tokens = await _logged_in()
    await world.use_cases.refresh.refresh(
        refresh_token=tokens.refresh_token, request_id=None, caller=world.nobody
    )
    world.forget_the_past()
    await _logout(world, refresh_token=tokens.refresh_token)
    _assert_logged_out(world, tokens)


@pytest.mark.parametrize("by", ["refresh_token", "access_token"])
async def test_a_second_logout_succeeds_and_says_so_in_the_log_alone(by: str) -> None:
    world, tokens = await _logged_in()
    token = {by: getattr(tokens, by)}
    await _logout(world, **token)
    before = world.database.snapshot()
    world.clock.advance(5)
    await _logout(world, **token)
    after = world.database.snapshot()
    assert replace(after, audit=before.audit) == before
    entry = world.database.audit_entries[-1]
    assert len(world.database.audit_entries) == 2
    assert entry.outcome is AuditOutcome.SUCCESS
    assert entry.details == {"already_ended": True}


async def test_an_unknown_refresh_token_is_no_error_but_is_recorded_as_a_failure() -> None:
    world, _ = await _logged_in()
    await _logout(world, refresh_token="made up")
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.LOGOUT, AuditOutcome.FAILURE)
    assert entry.reason == "REFRESH_TOKEN_INVALID"
    assert (entry.actor_id, entry.user_id, entry.resource_id) == (None, None, None)
    assert world.database.events == []


@pytest.mark.parametrize("empty", [None, ""])
async def test_without_any_token_there_is_nothing_to_end(empty: str | None) -> None:
    world, _ = await _logged_in()
    with pytest.raises(TokenMissing):
        await _logout(world, refresh_token=empty, access_token=empty)
    assert world.database.audit_entries == []


async def _refused(world: World, error: type[DomainError], access_token: str) -> None:
    before = world.database.snapshot()
    with pytest.raises(error):
        await _logout(world, access_token=access_token)
    assert replace(world.database.snapshot(), audit=before.audit) == before
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.LOGOUT, AuditOutcome.FAILURE)
    assert entry.reason == error.reason


async def test_a_forged_access_token_ends_nothing() -> None:
    world, _ = await _logged_in()
    await _refused(world, TokenInvalid, "forged")


async def test_an_expired_access_token_ends_nothing() -> None:
    world, tokens = await _logged_in()
    world.clock.advance(900)
    await _refused(world, TokenExpired, tokens.access_token)


async def test_a_service_has_no_session_to_end() -> None:
    world, _ = await _logged_in()
    token = await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    await _refused(world, PermissionDenied, token)
