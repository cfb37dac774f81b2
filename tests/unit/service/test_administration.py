"""Roles, suspensions, administrators."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.caller import ActorType
from core.domain.errors import (
    Conflict,
    EmailAlreadyRegistered,
    LastAdmin,
    PasswordTooWeak,
    UserNotFound,
    ValidationFailed,
)
from core.domain.events import (
    SessionRevoked,
    UserCreated,
    UserReactivated,
    UserRoleChanged,
    UserSuspended,
)
from core.domain.kyc import KycStatus
from core.domain.session import RevocationCause
from core.domain.user import Role, User, UserStatus
from tests.fakes.world import PASSWORD, World
from tests.unit.service.concurrently import started


async def _ada() -> tuple[World, User]:
    world = World()
    user = await world.register()
    world.forget_the_past()
    world.clock.advance(60)
    return world, user


async def _set_role(world: World, user: User, role: Role) -> User:
    return await world.use_cases.administration.set_role(user.id, role=role, caller=world.staff())


async def _suspend(world: World, user: User, reason: str = "fraud") -> User:
    return await world.use_cases.administration.suspend(
        user.id, reason=reason, caller=world.staff(Role.COMPLIANCE)
    )


async def _reactivate(world: World, user: User, reason: str = "cleared") -> User:
    return await world.use_cases.administration.reactivate(
        user.id, reason=reason, caller=world.staff(Role.COMPLIANCE)
    )


async def test_the_system_makes_an_administrator_who_can_log_in() -> None:
    world = World()
    admin = await world.create_admin()
    assert admin.role is Role.ADMIN
    assert world.database.events == [
        UserCreated(user_id=admin.id, role=Role.ADMIN, kyc_status=KycStatus.PENDING)
    ]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.REGISTER, AuditOutcome.SUCCESS)
    assert (entry.actor_type, entry.actor_id) == (ActorType.SYSTEM, None)
    assert entry.user_id == admin.id
    assert entry.details == {"role": "admin"}
    assert (await world.login(admin.email)).user == admin


async def test_the_rules_of_registration_hold_for_administrators() -> None:
    world = World()
    await world.create_admin()
    with pytest.raises(EmailAlreadyRegistered):
        await world.create_admin("ROOT@example.com")
    with pytest.raises(PasswordTooWeak):
        await world.use_cases.administration.create_admin(
            email="a@example.com", password="short", full_name=None, caller=world.system
        )


async def test_a_new_role_is_stored_recorded_and_told() -> None:
    world, user = await _ada()
    changed = await _set_role(world, user, Role.COMPLIANCE)
    assert changed == replace(user, role=Role.COMPLIANCE, updated_at=world.clock.now())
    assert changed == world.stored_user(user.id)
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.SET_ROLE, AuditOutcome.SUCCESS)
    assert entry.resource_id == str(user.id)
    assert entry.details == {"previous_role": "user", "role": "compliance"}
    assert world.database.events == [
        UserRoleChanged(user_id=user.id, previous_role=Role.USER, role=Role.COMPLIANCE)
    ]


async def test_the_same_role_again_leaves_no_trace() -> None:
    world, user = await _ada()
    before = world.database.snapshot()
    assert await _set_role(world, user, Role.USER) == user
    assert world.database.snapshot() == before


async def test_the_last_administrator_may_be_given_the_role_that_they_have() -> None:
    world = World()
    admin = await world.create_admin()
    assert await _set_role(world, admin, Role.ADMIN) == admin


async def test_no_account_becomes_a_service() -> None:
    world, user = await _ada()
    with pytest.raises(ValidationFailed) as caught:
        await _set_role(world, user, Role.SERVICE)
    assert caught.value.violations[0].field == "role"
    assert world.database.steps == []


async def test_a_suspension_ends_all_sessions_and_keeps_the_reason() -> None:
    world, user = await _ada()
    sessions = [(await world.login()).tokens.session_id for _ in range(2)]
    world.forget_the_past()
    suspended = await _suspend(world, user, "sanctions list")
    assert suspended.status is UserStatus.SUSPENDED
    assert suspended.suspended_at == world.clock.now()
    cause = RevocationCause.USER_SUSPENDED
    assert world.database.events == [
        UserSuspended(user_id=user.id),
        *(SessionRevoked(user_id=user.id, session_id=one, cause=cause) for one in sessions),
    ]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.SUSPEND, AuditOutcome.SUCCESS)
    assert entry.reason == "sanctions list"
    assert entry.details == {"revoked_sessions": 2}


async def test_a_suspended_account_is_suspended_as_before_by_a_repeat() -> None:
    world, user = await _ada()
    suspended = await _suspend(world, user)
    world.clock.advance(60)
    before = world.database.snapshot()
    assert await _suspend(world, user, "again") == suspended
    assert world.database.snapshot() == before


async def test_a_reactivated_account_can_log_in_again() -> None:
    world, user = await _ada()
    await _suspend(world, user)
    world.forget_the_past()
    active = await _reactivate(world, user)
    assert active.status is UserStatus.ACTIVE
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.REACTIVATE, AuditOutcome.SUCCESS)
    assert entry.reason == "cleared"
    assert world.database.events == [UserReactivated(user_id=user.id)]
    await world.login()


async def test_an_active_account_is_left_alone_by_a_reactivation() -> None:
    world, user = await _ada()
    before = world.database.snapshot()
    assert await _reactivate(world, user) == user
    assert world.database.snapshot() == before


@pytest.mark.parametrize("change", [_suspend, _reactivate])
async def test_a_deleted_or_unknown_account_is_not_found(change: object) -> None:
    world, user = await _ada()
    assert callable(change)
    unknown = replace(user, id=world.ids.new_id())
    await world.use_cases.deletion.delete(user.id, caller=world.staff())
    before = world.database.snapshot()
    for absent in (user, unknown):
        with pytest.raises(UserNotFound):
            await change(world, absent)
        with pytest.raises(UserNotFound):
            await _set_role(world, absent, Role.ADMIN)
    assert world.database.snapshot() == before


async def test_the_last_active_administrator_keeps_role_and_access() -> None:
    world = World()
    root, other = await world.create_admin(), await world.create_admin("other@example.com")
    await _set_role(world, other, Role.USER)
    before = world.database.snapshot()
    with pytest.raises(LastAdmin):
        await _set_role(world, root, Role.USER)
    with pytest.raises(LastAdmin):
        await _suspend(world, root)
    assert world.database.snapshot() == before


async def test_a_suspended_or_deleted_administrator_does_not_count() -> None:
    world = World()
    root = await world.create_admin()
    suspended = await world.create_admin("suspended@example.com")
    deleted = await world.create_admin("deleted@example.com")
    await _suspend(world, suspended)
    await world.use_cases.deletion.delete(deleted.id, caller=world.staff())
    with pytest.raises(LastAdmin):
        await _set_role(world, root, Role.USER)


async def test_a_suspended_administrator_can_lose_the_role_beside_the_last_active_one() -> None:
    world = World()
    await world.create_admin()
    other = await world.create_admin("other@example.com")
    await _suspend(world, other)
    assert (await _set_role(world, other, Role.USER)).role is Role.USER


async def test_one_of_two_administrators_can_be_suspended() -> None:
    world = World()
    root = await world.create_admin()
    await world.create_admin("other@example.com")
    assert (await _suspend(world, root)).status is UserStatus.SUSPENDED


async def test_whoever_becomes_administrator_while_being_suspended_is_left_for_a_retry() -> None:
    world, user = await _ada()
    await world.create_admin()
    async with world.database.transaction() as promotion:
        await promotion.users.set_role(user.id, role=Role.ADMIN, at=world.clock.now())
        async with started(_suspend(world, user)) as suspension:
            await world.database.arrival("users.lock")
            await promotion.commit()
            with pytest.raises(Conflict):
                await suspension
    assert world.stored_user(user.id).status is UserStatus.ACTIVE
    assert PASSWORD not in repr(world.database.snapshot())
