"""Wrong codes are failed logins: a new challenge gives no new tries."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    DependencyUnavailable,
    InvalidCredentials,
    LoginThrottled,
    MfaCodeInvalid,
)
from core.domain.mfa import RecoveryCode, TotpCode
from core.domain.throttling import ThrottlePolicy
from core.domain.user import User
from tests.fakes.world import PASSWORD, THROTTLE, World

WRONG = TotpCode("918273")
FIRST_WAIT_SECONDS = THROTTLE.account.first_seconds


async def _enrolled(throttle: ThrottlePolicy = THROTTLE) -> tuple[World, User, list[RecoveryCode]]:
    world = World(throttle=throttle)
    user = await world.register()
    codes = await world.enroll(user)
    world.clock.advance(30)
    assert all(world.totp_code(user, steps=steps) != WRONG for steps in range(-20, 20))
    return world, world.stored_user(user.id), codes


async def _fail(world: World, times: int) -> None:
    """Bring so many wrong codes, each with a challenge of its own."""
    for _ in range(times):
        token = await world.challenge()
        with pytest.raises(MfaCodeInvalid):
            await world.complete(token, WRONG)


async def test_the_fifth_wrong_code_makes_everybody_wait_however_many_challenges() -> None:
    world, user, codes = await _enrolled()
    # Afterwards a password would not be looked at either, so there would be no challenge.
    token = await world.challenge()
    await _fail(world, 4)
    with pytest.raises(MfaCodeInvalid):
        await world.complete(token, WRONG)
    for proof in (world.totp_code(user), codes[0]):
        with pytest.raises(LoginThrottled):
            await world.complete(token, proof)
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.MFA_COMPLETE, AuditOutcome.FAILURE)
    assert (entry.reason, entry.user_id) == ("LOGIN_THROTTLED", user.id)
    with pytest.raises(LoginThrottled):
        await world.begin_login()
    world.clock.advance(FIRST_WAIT_SECONDS)
    await world.complete(token, world.totp_code(user))


async def test_a_right_password_does_not_make_wrong_codes_forgotten() -> None:
    world, _, _ = await _enrolled()
    token = await world.challenge()
    for _ in range(4):
        with pytest.raises(MfaCodeInvalid):
            await world.complete(token, WRONG)
    await _fail(world, 1)
    with pytest.raises(LoginThrottled):
        await world.complete(token, WRONG)


async def test_a_right_code_makes_them_forgotten() -> None:
    world, user, codes = await _enrolled()
    await _fail(world, 4)
    await world.complete(await world.challenge(), world.totp_code(user))
    await _fail(world, 4)
    await world.complete(await world.challenge(), codes[0])
    await _fail(world, 4)


async def test_after_the_last_of_all_failures_no_code_is_looked_at_any_more() -> None:
    throttle = replace(
        THROTTLE, account=replace(THROTTLE.account, from_failure=1000), most_failures=7
    )
    world, user, codes = await _enrolled(throttle)
    token = await world.challenge()
    await _fail(world, 7)
    world.clock.advance(200)
    opened = world.secret_box.opened
    for proof in (world.totp_code(user), codes[0]):
        with pytest.raises(LoginThrottled):
            await world.complete(token, proof)
    assert world.secret_box.opened == opened


async def test_removing_the_second_factor_is_no_way_round_it() -> None:
    world, user, codes = await _enrolled()
    removal = world.use_cases.mfa_removal
    caller = world.caller(user)
    for password, error in ((PASSWORD, MfaCodeInvalid), ("wrong", InvalidCredentials)) * 2:
        with pytest.raises(error):
            await removal.disable(user.id, password=password, proof=WRONG, caller=caller)
    await _fail(world, 1)
    with pytest.raises(LoginThrottled):
        await removal.disable(user.id, password=PASSWORD, proof=codes[0], caller=caller)
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.reason) == (AuditAction.MFA_DISABLE, "LOGIN_THROTTLED")
    world.clock.advance(FIRST_WAIT_SECONDS)
    await removal.disable(user.id, password=PASSWORD, proof=codes[0], caller=caller)


async def test_an_outage_of_vault_counts_as_nobodys_failure() -> None:
    world, user, _ = await _enrolled()
    token, code = await world.challenge(), world.totp_code(user)
    world.secret_box.reachable = False
    for _ in range(20):
        with pytest.raises(DependencyUnavailable):
            await world.complete(token, code)
    world.secret_box.reachable = True
    await world.complete(token, code)
