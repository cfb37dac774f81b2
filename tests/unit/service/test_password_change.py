"""Changing one's own password."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    Conflict,
    DomainError,
    InvalidCredentials,
    OneTimeTokenInvalid,
    PasswordTooWeak,
    ServerBusy,
    UserNotFound,
)
from core.domain.events import SessionRevoked, UserPasswordChanged
from core.domain.mail import MailTemplate
from core.domain.session import RevocationCause
from core.domain.user import User
from tests.fakes.world import PASSWORD, World
from tests.unit.service.concurrently import outcomes

NEW_PASSWORD = "another horse, another battery"


async def change(
    world: World,
    user: User,
    *,
    current: str = PASSWORD,
    new: str = NEW_PASSWORD,
    session_id: UUID | None = None,
) -> None:
    await world.use_cases.password_change.change(
        user.id,
        current_password=current,
        new_password=new,
        caller=world.caller(user, session_id),
    )


async def test_the_new_password_opens_the_account_and_the_old_one_does_not() -> None:
    world = World()
    user = await world.register()
    world.clock.advance(60)
    await change(world, user)
    await world.login(password=NEW_PASSWORD)
    with pytest.raises(InvalidCredentials):
        await world.login()
    assert world.stored_user(user.id).updated_at == world.clock.now()


async def test_every_session_ends_but_the_callers_own() -> None:
    world = World()
    user = await world.register()
    own, *others = [(await world.login()).tokens.session_id for _ in range(3)]
    world.forget_the_past()
    await change(world, user, session_id=own)
    sessions = world.database.tables.sessions
    assert sessions[own].revoked_at is None
    assert [sessions[other].revocation_cause for other in others] == [
        RevocationCause.PASSWORD_CHANGED
    ] * 2
    revoked = [
        SessionRevoked(user_id=user.id, session_id=other, cause=RevocationCause.PASSWORD_CHANGED)
        for other in sorted(others)
    ]
    assert world.database.events == [UserPasswordChanged(user_id=user.id), *revoked]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.PASSWORD_CHANGE, AuditOutcome.SUCCESS)
    assert entry.actor_id == str(user.id)
    assert entry.details == {"revoked_sessions": 2}


async def test_another_persons_sessions_go_on() -> None:
    world = World()
    user = await world.register()
    await world.register("eve@example.com")
    foreign = (await world.login("eve@example.com")).tokens.session_id
    await change(world, user)
    assert world.database.tables.sessions[foreign].revoked_at is None


async def test_the_person_is_told_by_mail() -> None:
    world = World()
    user = await world.register()
    await change(world, user)
    (mail,) = world.mails(MailTemplate.PASSWORD_CHANGED)
    assert (mail.user_id, mail.token_id) == (user.id, None)


async def test_a_mail_that_could_set_a_password_is_worth_nothing_afterwards() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.password_reset.request(email=user.email, caller=world.nobody)
    await change(world, user)
    with pytest.raises(OneTimeTokenInvalid):
        await world.use_cases.password_reset.reset(
            token=world.mailed_token(MailTemplate.PASSWORD_RESET),
            new_password=PASSWORD,
            caller=world.nobody,
        )


async def test_a_mail_that_verifies_the_address_still_does() -> None:
    world = World()
    user = await world.register()
    await change(world, user)
    verified = await world.use_cases.email_verification.confirm(
        token=world.mailed_token(MailTemplate.WELCOME), caller=world.nobody
    )
    assert verified.email_verified


async def refused(
    world: World,
    user: User,
    error: type[DomainError],
    *,
    current: str = PASSWORD,
    new: str = NEW_PASSWORD,
) -> None:
    """Expect a refusal that leaves at most a row of the audit log and a count of failures."""
    before = world.database.snapshot()
    with pytest.raises(error):
        await change(world, user, current=current, new=new)
    after = world.database.snapshot()
    assert replace(after, audit=before.audit, login_failures=before.login_failures) == before


async def test_a_wrong_current_password_is_refused_and_recorded() -> None:
    world = World()
    user = await world.register()
    await world.login()
    world.forget_the_past()
    await refused(world, user, InvalidCredentials, current="wrong")
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.PASSWORD_CHANGE, AuditOutcome.FAILURE)
    assert entry.reason == "INVALID_CREDENTIALS"
    assert entry.user_id == user.id


async def test_the_policy_has_a_say_on_the_new_password() -> None:
    world = World()
    user = await world.register()
    await refused(world, user, PasswordTooWeak, new="1234567")
    with pytest.raises(PasswordTooWeak) as caught:
        await change(world, user, new="1234567")
    assert caught.value.violations[0].field == "new_password"


async def test_a_deleted_account_has_no_password_to_change() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    await refused(world, user, UserNotFound)


async def test_no_connection_waits_while_passwords_are_verified_and_hashed() -> None:
    world = World()
    user = await world.register()
    open_units: list[int] = []
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await change(world, user)
    assert open_units == [0, 0]


async def test_a_busy_hasher_changes_nothing() -> None:
    world = World()
    user = await world.register()
    world.hasher.busy = True
    await refused(world, user, ServerBusy)


async def test_a_password_that_is_replaced_meanwhile_is_not_overwritten() -> None:
    world = World()
    user = await world.register()
    world.hasher.during_work = lambda: world.store_password_hash(user.id, "$fake$9$other")
    with pytest.raises(Conflict):
        await change(world, user)
    assert world.database.tables.users[user.id].hashed_password == "$fake$9$other"


async def test_a_deletion_that_comes_while_the_password_is_verified_counts() -> None:
    world = World()
    user = await world.register()
    world.hasher.during_work = lambda: world.store_user(replace(user, deleted_at=world.clock.now()))
    with pytest.raises(UserNotFound):
        await change(world, user)


async def test_of_two_changes_at_once_one_succeeds() -> None:
    world = World()
    user = await world.register()
    results = await outcomes(change(world, user, new=f"{NEW_PASSWORD} {n}") for n in range(2))
    assert [type(result) for result in results if result is not None] == [Conflict]
