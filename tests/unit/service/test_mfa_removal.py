"""Removing a second factor."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    DependencyUnavailable,
    DomainError,
    InvalidCredentials,
    MfaCodeInvalid,
    OneTimeTokenInvalid,
    ServerBusy,
    UserNotFound,
)
from core.domain.events import MfaDisabled
from core.domain.mfa import Proof, RecoveryCode, TotpCode
from core.domain.session import LoginResult
from core.domain.user import User
from tests.fakes.world import PASSWORD, THROTTLE, World
from tests.unit.service.concurrently import outcomes

PATIENT = replace(
    THROTTLE, account=replace(THROTTLE.account, from_failure=1000), most_failures=1000
)
"""Lets wrong codes be tried one after the other; the waits between them have tests of their own."""

WRONG = TotpCode("918273")


async def _disable(world: World, user: User, proof: Proof, password: str = PASSWORD) -> None:
    await world.use_cases.mfa_removal.disable(
        user.id, password=password, proof=proof, caller=world.caller(user)
    )


async def _enrolled() -> tuple[World, User, list[RecoveryCode]]:
    world = World(throttle=PATIENT)
    user = await world.register()
    codes = await world.enroll(user)
    world.clock.advance(30)
    assert all(world.totp_code(user, steps=steps) != WRONG for steps in range(-20, 20))
    world.forget_the_past()
    return world, world.stored_user(user.id), codes


async def _refused(
    world: World, user: User, error: type[DomainError], proof: Proof, password: str = PASSWORD
) -> None:
    """Expect a refusal that leaves one row of the audit log and nothing else."""
    before = world.database.snapshot()
    with pytest.raises(error):
        await _disable(world, user, proof, password)
    after = world.database.snapshot()
    uncounted = replace(after, audit=before.audit, login_failures=before.login_failures)
    assert uncounted == before
    assert len(after.audit) == len(before.audit) + 1
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.MFA_DISABLE, AuditOutcome.FAILURE)
    assert (entry.reason, entry.user_id) == (error.reason, user.id)


async def test_password_and_code_remove_secret_and_recovery_codes() -> None:
    world, user, _ = await _enrolled()
    await _disable(world, user, world.totp_code(user))
    assert not world.database.tables.totp_enrolments
    assert not world.database.tables.recovery_codes
    assert world.stored_user(user.id) == replace(
        user, mfa_enabled=False, updated_at=world.clock.now()
    )
    assert world.database.events == [MfaDisabled(user_id=user.id)]
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.MFA_DISABLE, AuditOutcome.SUCCESS)
    assert (entry.user_id, entry.resource_id) == (user.id, str(user.id))
    assert isinstance(await world.begin_login(), LoginResult)


async def test_a_recovery_code_does_in_place_of_a_lost_authenticator_also_without_vault() -> None:
    world, user, codes = await _enrolled()
    world.secret_box.reachable = False
    await _disable(world, user, codes[0])
    assert not world.stored_user(user.id).mfa_enabled


async def test_who_has_removed_it_may_enroll_again_with_another_secret() -> None:
    world, user, old = await _enrolled()
    secret = world.database.tables.totp_enrolments[user.id].sealed_secret
    await _disable(world, user, world.totp_code(user))
    new = await world.enroll(user)
    assert world.database.tables.totp_enrolments[user.id].sealed_secret != secret
    with pytest.raises(MfaCodeInvalid):
        await world.complete(await world.challenge(), old[0])
    await world.complete(await world.challenge(), new[0])


async def test_a_wrong_password_is_refused_whatever_the_code() -> None:
    world, user, codes = await _enrolled()
    await _refused(world, user, InvalidCredentials, world.totp_code(user), "wrong")
    await _refused(world, user, InvalidCredentials, codes[0], "wrong")
    await _refused(world, user, InvalidCredentials, WRONG, "wrong")
    await _disable(world, user, world.totp_code(user))


async def test_a_wrong_password_does_not_trouble_vault() -> None:
    world, user, _ = await _enrolled()
    opened = world.secret_box.opened
    await _refused(world, user, InvalidCredentials, world.totp_code(user), "wrong")
    assert world.secret_box.opened == opened


async def test_a_wrong_or_used_code_is_refused() -> None:
    world, user, codes = await _enrolled()
    used = world.totp_code(user)
    await world.complete(await world.challenge(), used)
    await world.complete(await world.challenge(), codes[0])
    for proof in (WRONG, used, codes[0], RecoveryCode("made up")):
        await _refused(world, user, MfaCodeInvalid, proof)
    await _disable(world, user, world.totp_code(user, steps=1))


async def test_where_nothing_is_enrolled_there_is_nothing_to_do() -> None:
    world = World()
    user = await world.register()
    before = world.database.snapshot()
    await _disable(world, user, WRONG)
    # Nobody learns whether a password is right where there is nothing that it would protect.
    await _disable(world, user, WRONG, "wrong")
    assert world.hasher.verified == []
    assert world.database.snapshot() == before


async def test_what_is_pending_is_not_enrolled() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.mfa_enrolment.enroll(user.id, caller=world.caller(user))
    before = world.database.snapshot()
    await _disable(world, user, WRONG)
    assert world.database.snapshot() == before


async def test_removing_it_again_is_no_error() -> None:
    world, user, _ = await _enrolled()
    await _disable(world, user, world.totp_code(user))
    before = world.database.snapshot()
    await _disable(world, user, WRONG)
    assert world.database.snapshot() == before


async def test_of_many_removals_at_once_one_is_recorded() -> None:
    world, user, codes = await _enrolled()
    results = await outcomes(_disable(world, user, code) for code in codes)
    assert results == [None] * 10
    assert world.database.events == [MfaDisabled(user_id=user.id)]


async def test_a_challenge_of_the_time_before_leads_nowhere() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    await _disable(world, user, world.totp_code(user))
    with pytest.raises(OneTimeTokenInvalid):
        await world.complete(token, codes[0])


async def test_a_password_that_is_changed_meanwhile_counts() -> None:
    world, user, _ = await _enrolled()
    code = world.totp_code(user)
    world.hasher.during_work = lambda: world.store_password_hash(user.id, "$fake$9$other")
    with pytest.raises(InvalidCredentials):
        await _disable(world, user, code)
    assert world.only_audit_entry.reason == "INVALID_CREDENTIALS"
    assert world.stored_user(user.id).mfa_enabled


async def test_nobody_holds_a_connection_while_vault_or_the_hasher_is_waited_for() -> None:
    world, user, _ = await _enrolled()
    open_units: list[int] = []
    code = world.totp_code(user)
    world.secret_box.during_work = lambda: open_units.append(world.database.open_units)
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await _disable(world, user, code)
    assert open_units == [0, 0]


async def test_without_vault_or_without_a_place_to_hash_nothing_happens() -> None:
    world, user, _ = await _enrolled()
    code = world.totp_code(user)
    before = world.database.snapshot()
    world.secret_box.reachable = False
    with pytest.raises(DependencyUnavailable):
        await _disable(world, user, code)
    world.hasher.busy = True
    with pytest.raises(ServerBusy):
        await _disable(world, user, code)
    assert world.database.snapshot() == before


async def test_an_account_that_is_not_there_has_nothing_to_remove() -> None:
    world, user, _ = await _enrolled()
    world.store_user(replace(user, deleted_at=world.clock.now()))
    for target in (user, replace(user, id=world.ids.new_id())):
        with pytest.raises(UserNotFound):
            await _disable(world, target, WRONG)


async def test_an_account_that_is_deleted_meanwhile_keeps_what_it_has() -> None:
    world, user, _ = await _enrolled()
    code = world.totp_code(user)
    world.hasher.during_work = lambda: world.store_user(replace(user, deleted_at=world.clock.now()))
    with pytest.raises(UserNotFound):
        await _disable(world, user, code)
    assert world.database.tables.totp_enrolments
