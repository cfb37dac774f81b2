"""Setting a password anew with the token of a mail."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    InvalidCredentials,
    OneTimeTokenInvalid,
    PasswordTooWeak,
    ServerBusy,
)
from core.domain.events import SessionRevoked, UserPasswordChanged
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.session import RevocationCause
from core.domain.user import User, UserStatus
from tests.fakes.world import PASSWORD, World
from tests.unit.service.concurrently import outcomes

NEW_PASSWORD = "another horse, another battery"
LIFE_SECONDS = 30 * 60


async def ask(world: World, email: str = "ada@example.com") -> str:
    """Ask for a mail, and return the token in the newest one there is."""
    await world.use_cases.password_reset.request(email=email, caller=world.nobody)
    return world.mailed_token(MailTemplate.PASSWORD_RESET)


async def reset(world: World, token: str, password: str = NEW_PASSWORD) -> None:
    await world.use_cases.password_reset.reset(
        token=token, new_password=password, caller=world.nobody
    )


async def refused(world: World, token: str, *, user: User | None) -> None:
    """Expect a refusal that leaves one row of the audit log and nothing else."""
    before = world.database.snapshot()
    with pytest.raises(OneTimeTokenInvalid):
        await reset(world, token)
    after = world.database.snapshot()
    assert replace(after, audit=before.audit) == before
    assert len(after.audit) == len(before.audit) + 1
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.PASSWORD_RESET, AuditOutcome.FAILURE)
    assert entry.reason == "ONE_TIME_TOKEN_INVALID"
    assert entry.user_id == (user.id if user else None)
    assert entry.actor_id is None
    assert token == "" or token not in repr(entry)


async def test_the_token_of_the_mail_sets_a_new_password() -> None:
    world = World()
    user = await world.register()
    await reset(world, await ask(world, " ADA@example.com "))
    assert (await world.login(password=NEW_PASSWORD)).user.id == user.id
    with pytest.raises(InvalidCredentials):
        await world.login()


async def test_every_session_ends_and_nobody_is_logged_in() -> None:
    world = World()
    user = await world.register()
    ended = [(await world.login()).tokens.session_id for _ in range(2)]
    token = await ask(world)
    world.forget_the_past()
    await reset(world, token)
    sessions = world.database.tables.sessions
    assert sorted(sessions) == sorted(ended)
    assert {session.revocation_cause for session in sessions.values()} == {
        RevocationCause.PASSWORD_RESET
    }
    assert world.database.events == [
        UserPasswordChanged(user_id=user.id),
        *(
            SessionRevoked(user_id=user.id, session_id=one, cause=RevocationCause.PASSWORD_RESET)
            for one in sorted(ended)
        ),
    ]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.PASSWORD_RESET, AuditOutcome.SUCCESS)
    assert entry.actor_id == str(user.id)
    assert entry.details == {"revoked_sessions": 2}
    assert [mail.user_id for mail in world.mails(MailTemplate.PASSWORD_CHANGED)] == [user.id]


async def test_a_token_serves_once() -> None:
    world = World()
    user = await world.register()
    token = await ask(world)
    await reset(world, token)
    await refused(world, token, user=user)


async def test_a_newer_token_ends_the_older_one() -> None:
    world = World()
    user = await world.register()
    older = await ask(world)
    newer = await ask(world)
    assert older != newer
    await refused(world, older, user=user)
    await reset(world, newer)


async def test_a_token_runs_out() -> None:
    world = World()
    user = await world.register()
    token = await ask(world)
    world.clock.advance(LIFE_SECONDS)
    await refused(world, token, user=user)


async def test_a_token_serves_up_to_its_last_moment() -> None:
    world = World()
    await world.register()
    token = await ask(world)
    world.clock.advance(LIFE_SECONDS - 0.001)
    await reset(world, token)


async def test_a_token_of_another_purpose_is_refused_and_stays_good_for_its_own() -> None:
    world = World()
    user = await world.register()
    verification = world.mailed_token(MailTemplate.WELCOME)
    await refused(world, verification, user=user)
    confirmed = await world.use_cases.email_verification.confirm(
        token=verification, caller=world.nobody
    )
    assert confirmed.email_verified


async def test_a_token_is_its_own_persons() -> None:
    world = World()
    await world.register()
    await world.register("eve@example.com")
    eves = await ask(world, "eve@example.com")
    await ask(world)
    await reset(world, eves)
    await world.login()
    await world.login("eve@example.com", NEW_PASSWORD)


@pytest.mark.parametrize("tamper", [str.upper, lambda token: token + "A", lambda token: token[:-1]])
async def test_what_was_altered_is_refused_and_names_nobody(tamper: object) -> None:
    world = World()
    await world.register()
    token = await ask(world)
    assert callable(tamper)
    await refused(world, tamper(token), user=None)


@pytest.mark.parametrize("token", ["", "made up", "\x00", "\ud800", "x" * 512])
async def test_what_was_never_a_token_is_refused_without_hashing(token: str) -> None:
    world = World()
    await world.register()
    world.hasher.busy = True
    await refused(world, token, user=None)


async def test_a_used_token_costs_no_hashing() -> None:
    world = World()
    user = await world.register()
    token = await ask(world)
    await reset(world, token)
    world.hasher.busy = True
    await refused(world, token, user=user)


async def test_a_weak_password_is_refused_and_leaves_the_token_as_it_is() -> None:
    world = World()
    await world.register()
    token = await ask(world)
    before = world.database.snapshot()
    with pytest.raises(PasswordTooWeak) as caught:
        await reset(world, token, "1234567")
    assert caught.value.violations[0].field == "new_password"
    assert world.database.snapshot() == before
    await reset(world, token)


async def test_a_busy_hasher_leaves_the_token_as_it_is() -> None:
    world = World()
    await world.register()
    token = await ask(world)
    world.hasher.busy = True
    with pytest.raises(ServerBusy):
        await reset(world, token)
    world.hasher.busy = False
    await reset(world, token)


async def test_no_connection_waits_while_the_password_is_hashed() -> None:
    world = World()
    await world.register()
    token = await ask(world)
    open_units: list[int] = []
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await reset(world, token)
    assert open_units == [0]


async def test_a_deleted_account_is_not_reset() -> None:
    world = World()
    user = await world.register()
    token = await ask(world)
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    await refused(world, token, user=user)


async def test_a_suspended_account_is_reset_and_stays_suspended() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.administration.suspend(user.id, reason="x", caller=world.staff())
    await reset(world, await ask(world))
    assert world.stored_user(user.id).status is UserStatus.SUSPENDED


async def test_a_newer_mail_that_comes_while_the_password_is_hashed_ends_the_token() -> None:
    world = World()
    user = await world.register()
    token = await ask(world)

    def supersede() -> None:
        (row,) = (
            one
            for one in world.database.tables.one_time_tokens.values()
            if one.purpose is TokenPurpose.PASSWORD_RESET
        )
        superseded = replace(row, superseded_at=world.clock.now())
        world.database.tables.one_time_tokens[row.id] = superseded

    world.hasher.during_work = supersede
    with pytest.raises(OneTimeTokenInvalid):
        await reset(world, token)
    assert world.database.audit_entries[-1].user_id == user.id


async def test_of_many_who_bring_one_token_at_once_one_succeeds() -> None:
    world = World()
    await world.register()
    token = await ask(world)
    results = await outcomes(reset(world, token) for _ in range(5))
    assert [type(result) for result in results].count(OneTimeTokenInvalid) == 4
    assert results.count(None) == 1


async def test_a_reset_leaves_the_password_of_everybody_else_alone() -> None:
    world = World()
    await world.register()
    other = await world.register("eve@example.com")
    before = world.database.tables.users[other.id]
    await reset(world, await ask(world))
    assert world.database.tables.users[other.id] == before
    assert await world.hasher.verify(before.hashed_password, PASSWORD)
