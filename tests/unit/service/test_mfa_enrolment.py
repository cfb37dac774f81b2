"""Enrolling a second factor."""

from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    AlreadyEnrolled,
    DependencyUnavailable,
    MfaCodeInvalid,
    UserNotFound,
)
from core.domain.events import MfaEnabled
from core.domain.mfa import RecoveryCode
from core.domain.totp import base32, time_step
from core.domain.user import User
from core.service.mfa_enrolment import ShownSecret
from tests.fakes.world import World
from tests.unit.service.concurrently import outcomes


async def _enroll(world: World, user: User) -> ShownSecret:
    return await world.use_cases.mfa_enrolment.enroll(user.id, caller=world.caller(user))


async def _confirm(world: World, user: User, code: str) -> list[RecoveryCode]:
    codes = await world.use_cases.mfa_enrolment.confirm(
        user.id, code=code, caller=world.caller(user)
    )
    return list(codes)


async def _registered() -> tuple[World, User]:
    world = World()
    user = await world.register("Ada+1@example.com")
    world.forget_the_past()
    return world, user


async def test_an_enrolment_shows_the_secret_and_waits_for_its_first_code() -> None:
    world, user = await _registered()
    shown = await _enroll(world, user)
    stored = world.database.tables.totp_enrolments[user.id]
    secret = world.secret_box.look_into(stored.sealed_secret)
    assert shown.secret == base32(secret)
    parts = urlsplit(shown.otpauth_uri)
    assert unquote(parts.path) == "/Pandora Exchange:Ada+1@example.com"
    assert parse_qs(parts.query)["secret"] == [shown.secret]
    assert parse_qs(parts.query)["issuer"] == ["Pandora Exchange"]
    assert stored.confirmed_at is None
    assert not world.stored_user(user.id).mfa_enabled
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.MFA_ENROLL, AuditOutcome.SUCCESS)
    assert (entry.user_id, entry.resource_id) == (user.id, str(user.id))
    assert world.database.events == []


async def test_the_secret_is_stored_sealed_and_bound_to_its_person() -> None:
    world, user = await _registered()
    shown = await _enroll(world, user)
    stored = world.database.tables.totp_enrolments[user.id]
    assert shown.secret not in stored.sealed_secret
    assert str(user.id) in stored.seal_context
    opened = await world.secret_box.open(stored.sealed_secret, context=stored.seal_context)
    assert base32(opened) == shown.secret


async def test_a_new_enrolment_replaces_one_that_was_not_confirmed() -> None:
    world, user = await _registered()
    first = await _enroll(world, user)
    code_of_the_first = world.totp_code(user).text
    second = await _enroll(world, user)
    assert first.secret != second.secret
    with pytest.raises(MfaCodeInvalid):
        await _confirm(world, user, code_of_the_first)
    await _confirm(world, user, world.totp_code(user).text)


async def test_a_right_code_puts_the_secret_into_use_and_gives_ten_recovery_codes() -> None:
    world, user = await _registered()
    await _enroll(world, user)
    world.forget_the_past()
    codes = await _confirm(world, user, world.totp_code(user).text)
    assert len({code.text for code in codes}) == 10
    stored = world.database.tables.recovery_codes.values()
    assert {code.digest for code in codes} == {row.digest for row in stored}
    assert all(row.user_id == user.id and row.used_at is None for row in stored)
    assert world.stored_user(user.id) == replace(
        user, mfa_enabled=True, updated_at=world.clock.now()
    )
    assert world.database.events == [MfaEnabled(user_id=user.id)]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.MFA_ENABLE, AuditOutcome.SUCCESS)
    assert (entry.user_id, entry.resource_id) == (user.id, str(user.id))


async def test_the_code_that_confirmed_is_used_by_that() -> None:
    world, user = await _registered()
    await world.enroll(user)
    stored = world.database.tables.totp_enrolments[user.id]
    assert stored.last_used_step == time_step(world.clock.now())
    token = await world.challenge("ada+1@example.com")
    with pytest.raises(MfaCodeInvalid):
        await world.complete(token, world.totp_code(user))


@pytest.mark.parametrize("steps", [-2, 2])
async def test_a_wrong_code_is_refused_recorded_and_changes_nothing(steps: int) -> None:
    world, user = await _registered()
    await _enroll(world, user)
    before = world.database.snapshot()
    with pytest.raises(MfaCodeInvalid):
        await _confirm(world, user, world.totp_code(user, steps=steps).text)
    after = world.database.snapshot()
    assert replace(after, audit=before.audit) == before
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.MFA_ENABLE, AuditOutcome.FAILURE)
    assert (entry.reason, entry.user_id) == ("MFA_CODE_INVALID", user.id)
    await _confirm(world, user, world.totp_code(user).text)


async def test_no_code_is_right_where_nothing_was_enrolled() -> None:
    world, user = await _registered()
    with pytest.raises(MfaCodeInvalid):
        await _confirm(world, user, "123456")
    assert world.only_audit_entry.reason == "MFA_CODE_INVALID"


async def test_who_has_a_second_factor_cannot_enroll_or_confirm_another() -> None:
    world, user = await _registered()
    await world.enroll(user)
    before = world.database.snapshot()
    opened = world.secret_box.opened
    with pytest.raises(AlreadyEnrolled):
        await _enroll(world, user)
    with pytest.raises(AlreadyEnrolled):
        await _confirm(world, user, world.totp_code(user, steps=1).text)
    assert world.database.snapshot() == before
    assert world.secret_box.opened == opened


async def test_of_many_confirmations_at_once_one_succeeds() -> None:
    world, user = await _registered()
    await _enroll(world, user)
    code = world.totp_code(user).text
    results = await outcomes(_confirm(world, user, code) for _ in range(10))
    assert sorted(type(result).__name__ for result in results) == ["AlreadyEnrolled"] * 9 + ["list"]
    (codes,) = (result for result in results if isinstance(result, list))
    assert len(world.database.tables.recovery_codes) == len(codes) == 10
    assert world.database.events == [MfaEnabled(user_id=user.id)]


async def test_an_enrolment_that_is_confirmed_meanwhile_stays() -> None:
    world, user = await _registered()
    await _enroll(world, user)
    stored = world.database.tables.totp_enrolments

    def confirm_meanwhile() -> None:
        stored[user.id] = replace(stored[user.id], confirmed_at=world.clock.now())

    world.secret_box.during_work = confirm_meanwhile
    before = stored[user.id].sealed_secret
    with pytest.raises(AlreadyEnrolled):
        await _enroll(world, user)
    assert stored[user.id].sealed_secret == before


async def test_a_code_of_a_secret_that_is_replaced_meanwhile_is_wrong() -> None:
    world, user = await _registered()
    await _enroll(world, user)
    code = world.totp_code(user).text
    stored = world.database.tables.totp_enrolments
    other = await world.secret_box.seal(b"x" * 20, context=stored[user.id].seal_context)

    def replace_meanwhile() -> None:
        stored[user.id] = replace(stored[user.id], sealed_secret=other)

    world.secret_box.during_work = replace_meanwhile
    with pytest.raises(MfaCodeInvalid):
        await _confirm(world, user, code)
    assert not world.stored_user(user.id).mfa_enabled


async def test_nobody_holds_a_connection_while_vault_is_waited_for() -> None:
    world, user = await _registered()
    open_units: list[int] = []
    world.secret_box.during_work = lambda: open_units.append(world.database.open_units)
    await world.enroll(user)
    assert open_units == [0, 0]


async def test_without_vault_nothing_is_enrolled_and_nothing_is_recorded() -> None:
    world, user = await _registered()
    await _enroll(world, user)
    before = world.database.snapshot()
    world.secret_box.reachable = False
    with pytest.raises(DependencyUnavailable):
        await _enroll(world, user)
    with pytest.raises(DependencyUnavailable):
        await _confirm(world, user, "123456")
    assert world.database.snapshot() == before


async def test_an_account_that_is_not_there_cannot_be_enrolled() -> None:
    world, user = await _registered()
    world.store_user(replace(user, deleted_at=world.clock.now()))
    for target in (user, replace(user, id=world.ids.new_id())):
        with pytest.raises(UserNotFound):
            await _enroll(world, target)
        with pytest.raises(UserNotFound):
            await _confirm(world, target, "123456")


async def test_an_account_that_is_deleted_meanwhile_is_not_enrolled() -> None:
    world, user = await _registered()
    world.secret_box.during_work = lambda: world.store_user(
        replace(user, deleted_at=world.clock.now())
    )
    with pytest.raises(UserNotFound):
        await _enroll(world, user)
    assert not world.database.tables.totp_enrolments


async def test_what_is_shown_to_its_owner_is_shown_to_nobody_else() -> None:
    world, user = await _registered()
    shown = await _enroll(world, user)
    codes = await _confirm(world, user, world.totp_code(user).text)
    written = repr([shown, codes, world.database.snapshot(), world.database.recorded_events])
    for secret in (shown.secret, *(code.text for code in codes)):
        assert secret not in written
