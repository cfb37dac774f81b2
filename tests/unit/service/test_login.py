"""Login."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.errors import AccountSuspended, DomainError, InvalidCredentials, ServerBusy
from core.domain.events import SessionCreated
from core.domain.session import SessionLifetimes
from tests.fakes.world import LIFETIMES, ORIGIN, PASSWORD, World


async def test_a_right_password_opens_a_session() -> None:
    world = World()
    user = await world.register("Ada@example.com")
    result = await world.login(" aDA@EXAMPLE.com")
    assert result.user == user
    session = world.database.tables.sessions[result.tokens.session_id]
    now = world.clock.now()
    assert session.user_id == user.id
    assert session.created_at == session.last_used_at == now
    assert session.expires_at == now + timedelta(seconds=LIFETIMES.refresh_idle_seconds)
    assert session.absolute_expires_at == now + timedelta(
        seconds=LIFETIMES.refresh_absolute_seconds
    )
    assert session.amr == ("pwd",)
    assert (session.ip_address, session.user_agent) == (ORIGIN.ip_address, ORIGIN.user_agent)
    assert session.is_alive(now)


async def test_the_access_token_says_who_and_how() -> None:
    world = World()
    user = await world.register()
    tokens = (await world.login()).tokens
    claims = world.access_tokens.read(tokens.access_token)
    assert claims.subject == str(user.id)
    assert claims.session_id == tokens.session_id
    assert claims.role is user.role
    assert claims.kyc_status is user.kyc_status
    assert claims.amr == ("pwd",)
    assert tokens.expires_in == 900
    assert tokens.refresh_expires_in == LIFETIMES.refresh_idle_seconds


async def test_only_a_digest_of_the_refresh_token_is_stored() -> None:
    world = World()
    user = await world.register()
    tokens = (await world.login()).tokens
    (stored,) = world.database.tables.refresh_tokens.values()
    assert stored.digest == world.refresh_tokens.digest(tokens.refresh_token)
    assert tokens.refresh_token not in repr(world.database.snapshot())
    assert (stored.user_id, stored.session_id) == (user.id, tokens.session_id)
    assert stored.used_at is None
    session = world.database.tables.sessions[tokens.session_id]
    assert stored.expires_at == session.expires_at


async def test_no_token_outlives_the_absolute_end_of_its_session() -> None:
    short = SessionLifetimes(
        access_token_seconds=900, refresh_idle_seconds=7200, refresh_absolute_seconds=600
    )
    world = World(short)
    await world.register()
    tokens = (await world.login()).tokens
    assert (tokens.expires_in, tokens.refresh_expires_in) == (600, 600)
    session = world.database.tables.sessions[tokens.session_id]
    assert session.expires_at == session.absolute_expires_at


async def test_a_login_is_recorded_and_told() -> None:
    world = World()
    user = await world.register()
    world.forget_the_past()
    session_id = (await world.login()).tokens.session_id
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.LOGIN, AuditOutcome.SUCCESS)
    assert entry.actor_id == str(user.id)
    assert (entry.resource_type, entry.resource_id) == (ResourceType.SESSION, str(session_id))
    assert entry.user_id == user.id
    assert world.database.events == [SessionCreated(user_id=user.id, session_id=session_id)]


async def _refused(world: World, error: type[DomainError], email: str, password: str) -> None:
    """Expect a refusal that leaves one row of the audit log and nothing else."""
    before = world.database.snapshot()
    with pytest.raises(error):
        await world.login(email, password)
    after = world.database.snapshot()
    counted = replace(before, audit=after.audit, login_failures=after.login_failures)
    assert after == counted
    assert len(after.audit) == len(before.audit) + 1
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.LOGIN, AuditOutcome.FAILURE)
    assert entry.reason == error.reason
    assert entry.actor_id is None
    assert entry.resource_id is None


async def test_a_wrong_password_is_refused_and_recorded() -> None:
    world = World()
    user = await world.register()
    await _refused(world, InvalidCredentials, "ada@example.com", "wrong")
    assert world.database.audit_entries[-1].user_id == user.id


@pytest.mark.parametrize("email", ["eve@example.com", "no address", "", "a@b\x00", "@" * 400])
async def test_an_unknown_or_impossible_address_is_refused_in_the_same_way(email: str) -> None:
    world = World()
    await world.register()
    await _refused(world, InvalidCredentials, email, PASSWORD)
    entry = world.database.audit_entries[-1]
    assert entry.user_id is None
    assert email == "" or email not in repr(entry)


async def test_a_deleted_account_is_refused_as_if_it_had_never_been() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    await _refused(world, InvalidCredentials, "ada@example.com", PASSWORD)
    assert world.database.audit_entries[-1].user_id is None


async def test_a_suspension_is_told_after_a_right_password_only() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.administration.suspend(user.id, reason="fraud", caller=world.staff())
    await _refused(world, AccountSuspended, "ada@example.com", PASSWORD)
    await _refused(world, InvalidCredentials, "ada@example.com", "wrong")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("eve@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("eve@example.com", ""),
        ("suspended@example.com", "wrong"),
    ],
)
async def test_a_refusal_costs_the_same_work_as_a_wrong_password(email: str, password: str) -> None:
    world = World()
    await world.register()
    gone = await world.register("gone@example.com")
    await world.use_cases.deletion.delete(gone.id, caller=world.caller(gone))
    suspended = await world.register("suspended@example.com")
    await world.use_cases.administration.suspend(suspended.id, reason="x", caller=world.staff())

    async def work(email: str, password: str) -> tuple[list[str], int]:
        world.database.steps.clear()
        world.hasher.verified.clear()
        with pytest.raises(InvalidCredentials):
            await world.login(email, password)
        return list(world.database.steps), len(world.hasher.verified)

    assert await work(email, password) == await work("ada@example.com", "wrong")


async def test_no_connection_waits_while_a_password_is_verified() -> None:
    world = World()
    await world.register()
    open_units: list[int] = []
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await world.login()
    assert open_units == [0]


async def test_a_busy_hasher_judges_nobody_and_so_records_nothing() -> None:
    world = World()
    await world.register()
    before = world.database.snapshot()
    world.hasher.busy = True
    with pytest.raises(ServerBusy):
        await world.login()
    assert world.database.snapshot() == before


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com", "no address"])
async def test_without_capacity_nobody_is_looked_up_whoever_it_is(email: str) -> None:
    world = World()
    await world.register("ada@example.com")
    before = world.database.snapshot()
    world.hasher.overloaded = True
    world.database.break_at("users.get_credentials", AssertionError("looked up"))
    with pytest.raises(ServerBusy):
        await world.login(email)
    assert world.database.snapshot() == before
    assert world.hasher.verified == []


async def test_a_suspension_that_comes_while_the_password_is_verified_counts() -> None:
    world = World()
    user = await world.register()
    world.hasher.during_work = lambda: world.store_user(
        replace(user, suspended_at=world.clock.now())
    )
    with pytest.raises(AccountSuspended):
        await world.login()
    assert not world.database.tables.sessions


async def test_a_deletion_that_comes_while_the_password_is_verified_counts() -> None:
    world = World()
    user = await world.register()
    world.hasher.during_work = lambda: world.store_user(replace(user, deleted_at=world.clock.now()))
    with pytest.raises(InvalidCredentials):
        await world.login()
    assert not world.database.tables.sessions


async def test_a_password_that_is_changed_while_the_old_one_is_verified_counts() -> None:
    world = World()
    user = await world.register()
    world.hasher.during_work = lambda: world.store_password_hash(user.id, "$fake$9$other")
    with pytest.raises(InvalidCredentials):
        await world.login()
    assert not world.database.tables.sessions
    assert world.database.audit_entries[-1].reason == "INVALID_CREDENTIALS"
