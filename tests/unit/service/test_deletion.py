"""Deleting and restoring accounts."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    Conflict,
    EmailAlreadyRegistered,
    InvalidCredentials,
    LastAdmin,
    UserNotFound,
)
from core.domain.events import SessionRevoked, UserDeleted, UserRestored
from core.domain.session import RevocationCause
from core.domain.user import Role, User, UserStatus
from tests.fakes.world import World
from tests.unit.service.concurrently import started


async def _ada() -> tuple[World, User]:
    world = World()
    user = await world.register()
    world.forget_the_past()
    world.clock.advance(60)
    return world, user


async def _delete(world: World, user: User) -> User:
    return await world.use_cases.deletion.delete(user.id, caller=world.caller(user))


async def _restore(world: World, user: User) -> User:
    return await world.use_cases.deletion.restore(user.id, caller=world.staff())


async def test_a_deleted_account_stays_but_is_marked() -> None:
    world, user = await _ada()
    deleted = await _delete(world, user)
    now = world.clock.now()
    assert deleted == replace(user, deleted_at=now, updated_at=now)
    assert deleted == world.stored_user(user.id)
    assert deleted.status is UserStatus.DELETED


async def test_deletion_ends_all_living_sessions_and_tells_of_each() -> None:
    world, user = await _ada()
    sessions = [(await world.login()).tokens.session_id for _ in range(2)]
    ended = (await world.login()).tokens
    await world.use_cases.sessions.revoke(user.id, ended.session_id, caller=world.caller(user))
    world.forget_the_past()
    await _delete(world, user)
    cause = RevocationCause.USER_DELETED
    assert world.database.events == [
        UserDeleted(user_id=user.id),
        *(SessionRevoked(user_id=user.id, session_id=one, cause=cause) for one in sessions),
    ]
    stored = world.database.tables.sessions
    assert [stored[one].revocation_cause for one in sessions] == [cause, cause]
    assert stored[ended.session_id].revocation_cause is RevocationCause.REVOKED


async def test_a_deletion_is_one_row_of_the_log() -> None:
    world, user = await _ada()
    await world.login()
    world.forget_the_past()
    await _delete(world, user)
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.DELETE, AuditOutcome.SUCCESS)
    assert (entry.actor_id, entry.resource_id) == (str(user.id), str(user.id))
    assert entry.details == {"revoked_sessions": 1}


async def test_a_deleted_account_cannot_be_deleted_again() -> None:
    world, user = await _ada()
    await _delete(world, user)
    before = world.database.snapshot()
    with pytest.raises(UserNotFound):
        await _delete(world, user)
    assert world.database.snapshot() == before


async def test_an_unknown_account_can_be_neither_deleted_nor_restored() -> None:
    world, user = await _ada()
    unknown = replace(user, id=world.ids.new_id())
    with pytest.raises(UserNotFound):
        await _delete(world, unknown)
    with pytest.raises(UserNotFound):
        await _restore(world, unknown)


async def test_the_last_active_administrator_cannot_be_deleted() -> None:
    world = World()
    root, other = await world.create_admin(), await world.create_admin("other@example.com")
    await world.use_cases.administration.suspend(other.id, reason="left", caller=world.staff())
    before = world.database.snapshot()
    with pytest.raises(LastAdmin):
        await _delete(world, root)
    assert world.database.snapshot() == before


async def test_one_of_two_administrators_can_be_deleted() -> None:
    world = World()
    root = await world.create_admin()
    await world.create_admin("other@example.com")
    assert (await _delete(world, root)).status is UserStatus.DELETED


async def test_a_suspended_administrator_can_be_deleted_beside_the_last_active_one() -> None:
    world = World()
    root, other = await world.create_admin(), await world.create_admin("other@example.com")
    suspended = await world.use_cases.administration.suspend(
        root.id, reason="left", caller=world.caller(other)
    )
    assert (await _delete(world, suspended)).status is UserStatus.DELETED


async def test_only_the_deletion_of_an_administrator_waits_for_the_others() -> None:
    world, user = await _ada()
    await _delete(world, user)
    assert "users.lock_admins" not in world.database.steps


async def test_whoever_becomes_administrator_while_being_deleted_is_left_for_a_retry() -> None:
    world, user = await _ada()
    await world.create_admin()
    async with world.database.transaction() as promotion:
        await promotion.users.set_role(user.id, role=Role.ADMIN, at=world.clock.now())
        async with started(_delete(world, user)) as deletion:
            await world.database.arrival("users.lock")
            await promotion.commit()
            with pytest.raises(Conflict):
                await deletion
    assert world.stored_user(user.id).status is UserStatus.ACTIVE


async def test_a_restored_account_is_what_it_was_without_its_sessions() -> None:
    world, user = await _ada()
    opened = await world.login()
    await _delete(world, user)
    world.forget_the_past()
    world.clock.advance(60)
    restored = await _restore(world, user)
    assert restored == replace(user, updated_at=world.clock.now())
    assert world.database.events == [UserRestored(user_id=user.id)]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.RESTORE, AuditOutcome.SUCCESS)
    assert entry.user_id == user.id
    assert entry.actor_id != str(user.id)
    assert await world.use_cases.introspection.introspect(opened.tokens.access_token) is None
    await world.login()


async def test_a_restored_account_is_as_suspended_as_it_was() -> None:
    world, user = await _ada()
    await world.use_cases.administration.suspend(user.id, reason="fraud", caller=world.staff())
    await _delete(world, user)
    assert (await _restore(world, user)).status is UserStatus.SUSPENDED


async def test_an_account_that_is_not_deleted_is_returned_as_it_is() -> None:
    world, user = await _ada()
    before = world.database.snapshot()
    assert await _restore(world, user) == user
    assert world.database.snapshot() == before


async def test_an_account_whose_address_was_registered_anew_stays_deleted() -> None:
    world, user = await _ada()
    await _delete(world, user)
    await world.register("ADA@example.com")
    before = world.database.snapshot()
    with pytest.raises(EmailAlreadyRegistered):
        await _restore(world, user)
    assert world.database.snapshot() == before


async def test_a_deleted_account_cannot_log_in() -> None:
    world, user = await _ada()
    await _delete(world, user)
    with pytest.raises(InvalidCredentials):
        await world.login()
