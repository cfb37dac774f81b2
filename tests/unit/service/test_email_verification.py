"""Proving that an address is its person's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import OneTimeTokenInvalid, UserNotFound
from core.domain.events import UserEmailVerified
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.user import User
from tests.fakes.world import World
from tests.unit.service.concurrently import outcomes

LIFE_SECONDS = 24 * 3600


async def ask(world: World, user: User) -> str:
    """Ask for a mail, and return the token in it."""
    await world.use_cases.email_verification.request(user.id, caller=world.caller(user))
    return world.mailed_token(MailTemplate.EMAIL_VERIFICATION)


async def confirm(world: World, token: str) -> User:
    return await world.use_cases.email_verification.confirm(token=token, caller=world.nobody)


async def refused(world: World, token: str, *, user: User | None) -> None:
    """Expect a refusal that leaves one row of the audit log and nothing else."""
    before = world.database.snapshot()
    with pytest.raises(OneTimeTokenInvalid):
        await confirm(world, token)
    after = world.database.snapshot()
    assert replace(after, audit=before.audit) == before
    assert len(after.audit) == len(before.audit) + 1
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.EMAIL_VERIFY, AuditOutcome.FAILURE)
    assert entry.user_id == (user.id if user else None)


async def test_whoever_registers_gets_a_mail_that_verifies_the_address() -> None:
    world = World()
    user = await world.register()
    (mail,) = world.mails(MailTemplate.WELCOME)
    assert mail.user_id == user.id
    world.clock.advance(60)
    verified = await confirm(world, world.mailed_token(MailTemplate.WELCOME))
    assert verified == world.stored_user(user.id)
    assert verified.email_verified
    assert verified.updated_at == world.clock.now()


async def test_whom_an_operator_makes_gets_no_mail() -> None:
    world = World()
    await world.create_admin()
    assert not world.database.tables.mail
    assert not world.database.tables.one_time_tokens


async def test_a_confirmation_is_recorded_and_told() -> None:
    world = World()
    user = await world.register()
    token = await ask(world, user)
    world.forget_the_past()
    await confirm(world, token)
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.EMAIL_VERIFY, AuditOutcome.SUCCESS)
    assert entry.actor_id == str(user.id)
    assert world.database.events == [UserEmailVerified(user_id=user.id)]


async def test_a_request_is_recorded_and_its_token_lives_for_a_day() -> None:
    world = World()
    user = await world.register()
    world.forget_the_past()
    token_text = await ask(world, user)
    entry = world.only_audit_entry
    assert entry.action is AuditAction.EMAIL_VERIFICATION_REQUEST
    assert entry.outcome is AuditOutcome.SUCCESS
    assert world.database.recorded_events == []
    (mail,) = world.mails(MailTemplate.EMAIL_VERIFICATION)
    assert mail.token_id is not None
    token = world.database.tables.one_time_tokens[mail.token_id]
    assert token.purpose is TokenPurpose.EMAIL_VERIFICATION
    assert token.expires_at == world.clock.now() + timedelta(seconds=LIFE_SECONDS)
    assert token_text not in repr(world.database.snapshot())


async def test_a_token_serves_once() -> None:
    world = World()
    user = await world.register()
    token = await ask(world, user)
    await confirm(world, token)
    await refused(world, token, user=user)


async def test_a_newer_token_ends_the_older_one() -> None:
    world = World()
    user = await world.register()
    welcome = world.mailed_token(MailTemplate.WELCOME)
    newer = await ask(world, user)
    await refused(world, welcome, user=user)
    await confirm(world, newer)


async def test_a_token_runs_out() -> None:
    world = World()
    user = await world.register()
    token = await ask(world, user)
    world.clock.advance(LIFE_SECONDS)
    await refused(world, token, user=user)


async def test_a_token_of_another_purpose_is_refused_and_stays_good_for_its_own() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.password_reset.request(email=user.email, caller=world.nobody)
    token = world.mailed_token(MailTemplate.PASSWORD_RESET)
    await refused(world, token, user=user)
    await world.use_cases.password_reset.reset(
        token=token, new_password="another horse", caller=world.nobody
    )


@pytest.mark.parametrize("token", ["", "made up", "\x00", "x" * 512])
async def test_what_was_never_a_token_is_refused(token: str) -> None:
    world = World()
    await world.register()
    await refused(world, token, user=None)


async def test_a_token_is_its_own_persons() -> None:
    world = World()
    ada = await world.register()
    eve = await world.register("eve@example.com")
    assert (await confirm(world, await ask(world, eve))).id == eve.id
    assert not world.stored_user(ada.id).email_verified


async def test_a_deleted_account_is_not_verified() -> None:
    world = World()
    user = await world.register()
    token = await ask(world, user)
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    await refused(world, token, user=user)


async def test_of_many_who_bring_one_token_at_once_one_succeeds() -> None:
    world = World()
    user = await world.register()
    token = await ask(world, user)
    results = await outcomes(confirm(world, token) for _ in range(5))
    assert [type(result) for result in results].count(OneTimeTokenInvalid) == 4


async def test_a_verified_address_needs_no_mail_and_leaves_no_trace() -> None:
    world = World()
    user = await world.register()
    await confirm(world, await ask(world, user))
    before = world.database.snapshot()
    await world.use_cases.email_verification.request(user.id, caller=world.caller(user))
    assert world.database.snapshot() == before


async def test_nobody_asks_for_a_deleted_account() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    before = world.database.snapshot()
    with pytest.raises(UserNotFound):
        await world.use_cases.email_verification.request(user.id, caller=world.caller(user))
    assert world.database.snapshot() == before
