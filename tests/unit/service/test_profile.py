"""Changing a profile."""

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import UserNotFound, ValidationFailed
from core.domain.events import UserUpdated
from core.domain.user import User
from tests.fakes.world import World


async def _ada() -> tuple[World, User]:
    world = World()
    user = await world.register(full_name="Ada")
    world.forget_the_past()
    world.clock.advance(60)
    return world, user


async def _update(world: World, user: User, full_name: str | None) -> User:
    return await world.use_cases.profile.update(
        user.id, full_name=full_name, caller=world.caller(user)
    )


async def test_a_new_name_is_stored_recorded_and_told() -> None:
    world, user = await _ada()
    changed = await _update(world, user, " Ada Byron ")
    assert changed == world.stored_user(user.id)
    assert changed.full_name == "Ada Byron"
    assert changed.updated_at == world.clock.now()
    assert changed.created_at == user.created_at
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.UPDATE, AuditOutcome.SUCCESS)
    assert (entry.actor_id, entry.user_id) == (str(user.id), user.id)
    assert entry.details == {"changed_fields": "full_name"}
    assert "Byron" not in repr(entry)
    assert world.database.events == [UserUpdated(user_id=user.id, changed_fields=("full_name",))]


@pytest.mark.parametrize("blank", ["", "  "])
async def test_a_blank_name_removes_it(blank: str) -> None:
    world, user = await _ada()
    changed = await _update(world, user, blank)
    assert changed.full_name is None
    assert len(world.database.events) == 1


@pytest.mark.parametrize("same", [None, "Ada", " Ada "])
async def test_what_changes_nothing_leaves_no_trace(same: str | None) -> None:
    world, user = await _ada()
    before = world.database.snapshot()
    assert await _update(world, user, same) == user
    assert world.database.snapshot() == before


async def test_removing_a_name_that_is_not_there_leaves_no_trace() -> None:
    world = World()
    user = await world.register()
    before = world.database.snapshot()
    assert await _update(world, user, "") == user
    assert world.database.snapshot() == before


async def test_what_is_no_name_is_refused() -> None:
    world, user = await _ada()
    with pytest.raises(ValidationFailed):
        await _update(world, user, "A\x07da")
    assert world.database.steps == []


async def test_a_deleted_account_has_no_profile_to_change() -> None:
    world, user = await _ada()
    await world.use_cases.deletion.delete(user.id, caller=world.staff())
    before = world.database.snapshot()
    with pytest.raises(UserNotFound):
        await _update(world, user, "Eve")
    assert world.database.snapshot() == before


async def test_an_unknown_account_has_no_profile_to_change() -> None:
    world, user = await _ada()
    with pytest.raises(UserNotFound):
        await world.use_cases.profile.update(
            world.ids.new_id(), full_name="Eve", caller=world.caller(user)
        )
