"""Registration."""

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.caller import ActorType
from core.domain.errors import (
    EmailAlreadyRegistered,
    PasswordTooWeak,
    ServerBusy,
    ValidationFailed,
)
from core.domain.events import UserCreated
from core.domain.kyc import KycStatus
from core.domain.user import Role, UserStatus
from tests.fakes.world import ORIGIN, PASSWORD, World


async def test_a_new_account_is_active_and_plain_with_kyc_pending() -> None:
    world = World()
    user = await world.register("  Ada@Example.com ", full_name=" Ada Byron ")
    assert user == world.stored_user(user.id)
    assert user.email == "Ada@Example.com"
    assert user.full_name == "Ada Byron"
    assert user.role is Role.USER
    assert user.status is UserStatus.ACTIVE
    assert user.kyc_status is KycStatus.PENDING
    assert not user.email_verified
    assert not user.mfa_enabled
    assert user.created_at == user.updated_at == world.clock.now()


async def test_the_password_is_stored_as_a_hash() -> None:
    world = World()
    user = await world.register()
    stored = world.database.tables.users[user.id].hashed_password
    assert PASSWORD not in stored
    assert await world.hasher.verify(stored, PASSWORD)


async def test_whoever_registers_is_the_actor_of_it() -> None:
    world = World()
    user = await world.register()
    entry = world.only_audit_entry
    assert entry.action is AuditAction.REGISTER
    assert entry.outcome is AuditOutcome.SUCCESS
    assert entry.reason is None
    assert (entry.actor_type, entry.actor_id) == (ActorType.USER, str(user.id))
    assert (entry.resource_type, entry.resource_id) == (ResourceType.USER, str(user.id))
    assert entry.user_id == user.id
    assert entry.occurred_at == world.clock.now()
    assert entry.ip_address == ORIGIN.ip_address
    assert entry.user_agent == ORIGIN.user_agent
    assert entry.request_id == ORIGIN.request_id
    assert entry.trace_id == ORIGIN.trace_id
    assert entry.details == {"role": "user"}


async def test_the_platform_hears_of_a_new_account() -> None:
    world = World()
    user = await world.register()
    (recorded,) = world.database.recorded_events
    assert recorded.event == UserCreated(
        user_id=user.id, role=Role.USER, kyc_status=KycStatus.PENDING
    )
    assert recorded.trace_id == ORIGIN.trace_id
    assert recorded.occurred_at == world.clock.now()


async def test_an_address_in_other_letters_is_the_same_address() -> None:
    world = World()
    await world.register("straße@example.com")
    before = world.database.snapshot()
    with pytest.raises(EmailAlreadyRegistered):
        await world.register("STRASSE@EXAMPLE.COM")
    assert world.database.snapshot() == before


async def test_the_address_of_a_deleted_account_can_be_registered_anew() -> None:
    world = World()
    first = await world.register()
    await world.use_cases.deletion.delete(first.id, caller=world.caller(first))
    second = await world.register()
    assert second.id != first.id
    assert await world.use_cases.accounts.get_by_email("ada@example.com") == second


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "a@b@c", "a b@example.com"])
async def test_what_is_no_address_is_refused_before_any_work(email: str) -> None:
    world = World()
    with pytest.raises(ValidationFailed) as caught:
        await world.register(email)
    assert caught.value.violations[0].field == "email"
    assert world.database.steps == []


@pytest.mark.parametrize("full_name", ["Ada\x00", "Ada\nByron", "a" * 201])
async def test_what_is_no_name_is_refused(full_name: str) -> None:
    world = World()
    with pytest.raises(ValidationFailed) as caught:
        await world.register(full_name=full_name)
    assert caught.value.violations[0].field == "full_name"


async def test_the_policy_has_a_say_on_the_password() -> None:
    world = World()
    with pytest.raises(PasswordTooWeak) as caught:
        await world.use_cases.registration.register(
            email="ada@example.com", password="1234567", full_name=None, caller=world.nobody
        )
    assert caught.value.violations[0].rule == "password.min_length"
    assert world.database.steps == []


async def test_a_busy_hasher_refuses_without_a_trace() -> None:
    world = World()
    world.hasher.busy = True
    with pytest.raises(ServerBusy):
        await world.register()
    assert world.database.steps == []


async def test_no_connection_waits_for_the_hasher() -> None:
    world = World()
    open_units: list[int] = []
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await world.register()
    assert open_units == [0]
