"""Asking for a mail that sets a password anew: what is written, and that nobody learns from it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from tests.fakes.world import World
from tests.unit.service.concurrently import outcomes

LIFE_SECONDS = 30 * 60


async def ask(world: World, email: str = "ada@example.com") -> str:
    """Ask for a mail, and return the token in the newest one there is."""
    await world.use_cases.password_reset.request(email=email, caller=world.nobody)
    return world.mailed_token(MailTemplate.PASSWORD_RESET)


async def test_the_mail_goes_to_the_account_and_holds_ids_alone() -> None:
    world = World()
    user = await world.register()
    world.forget_the_past()
    token_text = await ask(world)
    (mail,) = world.mails(MailTemplate.PASSWORD_RESET)
    assert mail.token_id is not None
    token = world.database.tables.one_time_tokens[mail.token_id]
    assert mail.user_id == token.user_id == user.id
    assert token.purpose is TokenPurpose.PASSWORD_RESET
    assert token.digest == world.one_time_tokens.digest(token_text)
    assert token.expires_at == world.clock.now() + timedelta(seconds=LIFE_SECONDS)
    assert token_text not in repr(world.database.snapshot())
    assert user.email not in repr(mail)
    assert world.database.recorded_events == []


async def test_a_request_is_recorded() -> None:
    world = World()
    user = await world.register()
    world.forget_the_past()
    await ask(world)
    entry = world.only_audit_entry
    assert entry.action is AuditAction.PASSWORD_RESET_REQUEST
    assert entry.outcome is AuditOutcome.SUCCESS
    assert (entry.resource_type, entry.resource_id) == (ResourceType.USER, str(user.id))
    assert entry.actor_id is None


async def _prepared() -> World:
    world = World()
    await world.register()
    gone = await world.register("gone@example.com")
    await world.use_cases.deletion.delete(gone.id, caller=world.caller(gone))
    suspended = await world.register("suspended@example.com")
    await world.use_cases.administration.suspend(suspended.id, reason="x", caller=world.staff())
    world.forget_the_past()
    return world


@pytest.mark.parametrize(
    "email", ["eve@example.com", "gone@example.com", "no address", "", "a@b\x00"]
)
async def test_a_request_for_nobody_leaves_one_row_of_the_audit_log_alone(email: str) -> None:
    world = await _prepared()
    before = world.database.snapshot()
    await world.use_cases.password_reset.request(email=email, caller=world.nobody)
    assert replace(world.database.snapshot(), audit=before.audit) == before
    entry = world.only_audit_entry
    assert entry.action is AuditAction.PASSWORD_RESET_REQUEST
    assert (entry.outcome, entry.reason) == (AuditOutcome.FAILURE, "USER_NOT_FOUND")
    assert (entry.user_id, entry.resource_id) == (None, None)
    assert email == "" or email not in repr(entry)


@pytest.mark.parametrize(
    "email",
    ["eve@example.com", "gone@example.com", "suspended@example.com", "no address", ""],
)
async def test_a_request_takes_the_same_steps_whatever_the_address(email: str) -> None:
    async def steps(email: str) -> list[str]:
        world = await _prepared()
        await world.use_cases.password_reset.request(email=email, caller=world.nobody)
        return list(world.database.steps)

    assert await steps(email) == await steps("ada@example.com")


async def test_many_requests_at_once_leave_one_token_that_serves() -> None:
    world = World()
    await world.register()
    world.database.tables.one_time_tokens.clear()
    world.database.tables.mail.clear()
    results = await outcomes(
        world.use_cases.password_reset.request(email="ada@example.com", caller=world.nobody)
        for _ in range(5)
    )
    assert results == [None] * 5
    tokens = world.database.tables.one_time_tokens.values()
    now = world.clock.now()
    assert len(tokens) == 5
    assert sum(token.serves(TokenPurpose.PASSWORD_RESET, now) for token in tokens) == 1
