"""Registration where the answer tells nobody which addresses have accounts."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    Conflict,
    EmailAlreadyRegistered,
    PasswordTooWeak,
    ServerBusy,
    ValidationFailed,
)
from core.domain.events import UserCreated
from core.domain.mail import MailTemplate
from core.domain.user import User
from tests.fakes.world import PASSWORD, World
from tests.unit.service.concurrently import outcomes

EMAIL = "ada@example.com"


async def register(world: World, email: str = EMAIL, password: str = PASSWORD) -> User | None:
    return await world.use_cases.registration.register(
        email=email, password=password, full_name="Ada", caller=world.nobody
    )


async def test_a_new_account_is_made_and_a_mail_tells() -> None:
    world = World(neutral_registration=True)
    assert await register(world) is None
    user = await world.use_cases.accounts.get_by_email(EMAIL)
    assert [mail.user_id for mail in world.mails(MailTemplate.WELCOME)] == [user.id]
    assert not world.mails(MailTemplate.ACCOUNT_EXISTS)
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.REGISTER, AuditOutcome.SUCCESS)
    assert [type(event) for event in world.database.events] == [UserCreated]
    assert (await world.login()).user == user


async def test_an_account_that_exists_stays_as_it_is_and_a_mail_tells() -> None:
    world = World(neutral_registration=True)
    await register(world)
    user = await world.use_cases.accounts.get_by_email(EMAIL)
    world.forget_the_past()
    before = world.database.snapshot()
    assert await register(world, " ADA@Example.com", "another horse, another battery") is None
    after = world.database.snapshot()
    assert replace(after, audit=before.audit, mail=before.mail) == before
    (mail,) = world.mails(MailTemplate.ACCOUNT_EXISTS)
    assert (mail.user_id, mail.token_id) == (user.id, None)
    assert len(world.database.tables.mail) == 1
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.REGISTER, AuditOutcome.FAILURE)
    assert entry.reason == "EMAIL_ALREADY_REGISTERED"
    assert entry.user_id == user.id
    assert entry.actor_id is None


async def test_the_password_is_hashed_in_both_cases_outside_any_unit_of_work() -> None:
    world = World(neutral_registration=True)
    open_units: list[int] = []
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await register(world)
    await register(world)
    assert open_units == [0, 0]


@pytest.mark.parametrize("taken", [False, True])
async def test_what_is_wrong_with_a_request_is_said_whoever_has_the_address(taken: bool) -> None:  # noqa: FBT001
    world = World(neutral_registration=True)
    if taken:
        await register(world)
    before = world.database.snapshot()
    with pytest.raises(PasswordTooWeak):
        await register(world, password="1234567")
    with pytest.raises(ValidationFailed):
        await register(world, email="no address")
    world.hasher.busy = True
    with pytest.raises(ServerBusy):
        await register(world)
    assert world.database.snapshot() == before


async def test_the_address_of_a_deleted_account_is_free() -> None:
    world = World(neutral_registration=True)
    await register(world)
    first = await world.use_cases.accounts.get_by_email(EMAIL)
    await world.use_cases.deletion.delete(first.id, caller=world.caller(first))
    await register(world)
    second = await world.use_cases.accounts.get_by_email(EMAIL)
    assert second.id != first.id


async def test_of_many_registrations_of_one_address_at_once_one_makes_an_account() -> None:
    world = World(neutral_registration=True)
    assert await outcomes(register(world) for _ in range(4)) == [None] * 4
    assert len(world.database.tables.users) == 1
    assert len(world.mails(MailTemplate.WELCOME)) == 1
    assert len(world.mails(MailTemplate.ACCOUNT_EXISTS)) == 3


async def test_an_address_that_becomes_free_at_this_moment_is_worth_another_try() -> None:
    world = World(neutral_registration=True)
    user = await world.register_as_system()
    gone = replace(user, deleted_at=world.clock.now())

    async def holder_is_gone() -> None:
        await world.database.arrival("users.create_if_free")
        world.store_user(gone)

    conflict, _ = await outcomes([register(world), holder_is_gone()])
    assert isinstance(conflict, Conflict)
    assert not world.database.tables.mail


async def test_the_system_itself_is_answered() -> None:
    world = World(neutral_registration=True)
    user = await world.register_as_system()
    assert user == world.stored_user(user.id)
    with pytest.raises(EmailAlreadyRegistered):
        await world.register_as_system()
