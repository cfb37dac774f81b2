"""Login with a second factor."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.errors import (
    AccountSuspended,
    DependencyUnavailable,
    DomainError,
    InvalidCredentials,
    MfaCodeInvalid,
    OneTimeTokenInvalid,
)
from core.domain.events import SessionCreated
from core.domain.mfa import RecoveryCode, TotpCode
from core.domain.session import LoginChallenge, LoginResult
from core.domain.user import User
from tests.fakes.world import LIFETIMES, MFA, ORIGIN, THROTTLE, World
from tests.unit.service.concurrently import outcomes

PATIENT = replace(
    THROTTLE,
    account=replace(THROTTLE.account, from_failure=1000),
    address=replace(THROTTLE.address, from_failure=1000),
    most_failures=1000,
)
"""Lets wrong codes be tried one after the other; the waits between them have tests of their own."""

WRONG = TotpCode("918273")
"""No step near the fake clock's has this code; see `_enrolled`."""


async def _enrolled() -> tuple[World, User, list[RecoveryCode]]:
    """Make somebody with a second factor whose next step's code has not been used."""
    world = World(throttle=PATIENT)
    user = await world.register()
    codes = await world.enroll(user)
    world.clock.advance(30)
    assert all(world.totp_code(user, steps=steps) != WRONG for steps in range(-20, 20))
    world.forget_the_past()
    return world, world.stored_user(user.id), codes


async def _refused(
    world: World,
    error: type[DomainError],
    token: str,
    proof: TotpCode | RecoveryCode,
    *,
    failures: int = 0,
) -> None:
    """Expect a refusal that leaves one row of the audit log, and perhaps a counted failure."""
    before = world.database.snapshot()
    with pytest.raises(error):
        await world.complete(token, proof)
    after = world.database.snapshot()
    uncounted = replace(
        after,
        audit=before.audit,
        mfa_challenges=before.mfa_challenges,
        login_failures=before.login_failures,
    )
    assert uncounted == before
    assert len(after.audit) == len(before.audit) + 1
    counted = [row.failures for row in after.mfa_challenges.values()]
    assert sum(counted) == sum(row.failures for row in before.mfa_challenges.values()) + failures
    entry = world.database.audit_entries[-1]
    assert (entry.action, entry.outcome) == (AuditAction.MFA_COMPLETE, AuditOutcome.FAILURE)
    assert entry.reason == error.reason
    assert (entry.actor_id, entry.resource_id) == (None, None)


async def test_a_right_password_leads_to_a_challenge_and_to_no_session() -> None:
    world, user, _ = await _enrolled()
    outcome = await world.begin_login()
    assert isinstance(outcome, LoginChallenge)
    assert outcome.expires_in == MFA.challenge_seconds
    assert outcome.challenge_token not in repr(outcome)
    tables = world.database.tables
    assert not tables.sessions
    assert not tables.refresh_tokens
    (stored,) = tables.mfa_challenges.values()
    assert stored.user_id == user.id
    assert stored.expires_at == world.clock.now() + timedelta(seconds=300)
    assert outcome.challenge_token not in {stored.digest, stored.password_mark}


async def test_a_challenge_is_recorded_and_told_to_nobody() -> None:
    world, user, _ = await _enrolled()
    await world.challenge()
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.LOGIN, AuditOutcome.SUCCESS)
    assert (entry.actor_id, entry.user_id) == (str(user.id), user.id)
    assert (entry.resource_type, entry.resource_id) == (ResourceType.SESSION, None)
    assert entry.details == {"second_factor": "required"}
    assert world.database.events == []


async def test_a_wrong_password_leads_to_no_challenge() -> None:
    world, _, _ = await _enrolled()
    with pytest.raises(InvalidCredentials):
        await world.begin_login(password="wrong")
    assert not world.database.tables.mfa_challenges


async def test_a_pending_enrolment_asks_for_nothing() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.mfa_enrolment.enroll(user.id, caller=world.caller(user))
    assert isinstance(await world.begin_login(), LoginResult)


async def test_a_right_code_opens_the_session() -> None:
    world, user, _ = await _enrolled()
    token = await world.challenge()
    world.forget_the_past()
    result = await world.complete(token, world.totp_code(user))
    assert result.user == user
    session = world.database.tables.sessions[result.tokens.session_id]
    now = world.clock.now()
    assert session.user_id == user.id
    assert session.created_at == now
    assert session.absolute_expires_at == now + timedelta(
        seconds=LIFETIMES.refresh_absolute_seconds
    )
    assert session.amr == ("pwd", "otp", "mfa")
    assert (session.ip_address, session.user_agent) == (ORIGIN.ip_address, ORIGIN.user_agent)
    assert world.access_tokens.read(result.tokens.access_token).amr == session.amr
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.MFA_COMPLETE, AuditOutcome.SUCCESS)
    assert (entry.actor_id, entry.user_id) == (str(user.id), user.id)
    assert (entry.resource_type, entry.resource_id) == (ResourceType.SESSION, str(session.id))
    assert entry.details == {"method": "totp"}
    assert world.database.events == [SessionCreated(user_id=user.id, session_id=session.id)]


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_code_of_a_neighbouring_step_is_right(steps: int) -> None:
    world, user, _ = await _enrolled()
    world.clock.advance(30)
    await world.complete(await world.challenge(), world.totp_code(user, steps=steps))


@pytest.mark.parametrize("steps", [-2, 2])
async def test_a_code_of_a_farther_step_is_wrong(steps: int) -> None:
    world, user, _ = await _enrolled()
    world.clock.advance(60)
    code = world.totp_code(user, steps=steps)
    await _refused(world, MfaCodeInvalid, await world.challenge(), code, failures=1)


async def test_a_code_serves_once() -> None:
    world, user, _ = await _enrolled()
    code = world.totp_code(user)
    await world.complete(await world.challenge(), code)
    await _refused(world, MfaCodeInvalid, await world.challenge(), code, failures=1)


async def test_no_code_before_a_used_one_serves() -> None:
    world, user, _ = await _enrolled()
    world.clock.advance(30)
    await world.complete(await world.challenge(), world.totp_code(user, steps=1))
    for steps in (-1, 0, 1):
        code = world.totp_code(user, steps=steps)
        await _refused(world, MfaCodeInvalid, await world.challenge(), code, failures=1)
    world.clock.advance(30)
    await world.complete(await world.challenge(), world.totp_code(user, steps=1))


async def test_of_many_who_bring_one_code_at_once_one_gets_in() -> None:
    world, user, _ = await _enrolled()
    code = world.totp_code(user)
    tokens = [await world.challenge() for _ in range(10)]
    results = await outcomes(world.complete(token, code) for token in tokens)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["LoginResult"] + ["MfaCodeInvalid"] * 9
    assert len(world.database.tables.sessions) == 1


async def test_a_challenge_serves_once() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    await world.complete(token, world.totp_code(user))
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user, steps=1))
    await _refused(world, OneTimeTokenInvalid, token, codes[0])


async def test_of_many_who_complete_a_challenge_at_once_one_gets_in() -> None:
    world, _, codes = await _enrolled()
    token = await world.challenge()
    results = await outcomes(world.complete(token, code) for code in codes)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["LoginResult"] + ["OneTimeTokenInvalid"] * 9
    unused = [row for row in world.database.tables.recovery_codes.values() if row.used_at is None]
    assert len(unused) == 9


async def test_a_recovery_code_serves_once_each() -> None:
    world, user, codes = await _enrolled()
    for code in codes:
        result = await world.complete(await world.challenge(), code)
        session = world.database.tables.sessions[result.tokens.session_id]
        assert session.amr == ("pwd", "mfa")
        assert world.database.audit_entries[-1].details == {"method": "recovery_code"}
    for code in codes:
        await _refused(world, MfaCodeInvalid, await world.challenge(), code, failures=1)
    await world.complete(await world.challenge(), world.totp_code(user))


async def test_a_recovery_code_may_be_typed_in_as_people_do() -> None:
    world, _, codes = await _enrolled()
    typed = f"  {codes[0].text.lower().replace('-', ' ')} "
    await world.complete(await world.challenge(), RecoveryCode(typed))


async def test_another_persons_recovery_code_is_wrong() -> None:
    world, _, _ = await _enrolled()
    eve = await world.register("eve@example.com")
    hers = await world.enroll(eve)
    await _refused(world, MfaCodeInvalid, await world.challenge(), hers[0], failures=1)


async def test_another_persons_code_is_wrong() -> None:
    world, _, _ = await _enrolled()
    eve = await world.register("eve@example.com")
    await world.enroll(eve)
    code = world.totp_code(eve, steps=1)
    await _refused(world, MfaCodeInvalid, await world.challenge(), code, failures=1)


async def test_the_fifth_wrong_code_ends_the_challenge() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    for proof in (WRONG, RecoveryCode("made up"), WRONG, WRONG, WRONG):
        await _refused(world, MfaCodeInvalid, token, proof, failures=1)
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user))
    await _refused(world, OneTimeTokenInvalid, token, codes[0])
    await world.complete(await world.challenge(), world.totp_code(user))


async def test_no_more_than_five_of_many_guesses_at_once_are_judged() -> None:
    world, _, _ = await _enrolled()
    token = await world.challenge()
    results = await outcomes(world.complete(token, WRONG) for _ in range(50))
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["MfaCodeInvalid"] * 5 + ["OneTimeTokenInvalid"] * 45


async def test_a_challenge_runs_out() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    world.clock.advance(MFA.challenge_seconds)
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user))
    await _refused(world, OneTimeTokenInvalid, token, codes[0])


async def test_a_challenge_serves_until_its_last_moment() -> None:
    world, user, _ = await _enrolled()
    token = await world.challenge()
    world.clock.advance(MFA.challenge_seconds - 0.000001)
    await world.complete(token, world.totp_code(user))


@pytest.mark.parametrize("token", ["", "made up", "challenge-token-99", "\ud800"])
async def test_a_challenge_that_was_never_given_is_refused(token: str) -> None:
    world, user, _ = await _enrolled()
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user))
    assert world.database.audit_entries[-1].user_id is None


async def test_a_closed_challenge_does_not_trouble_vault() -> None:
    world, user, _ = await _enrolled()
    token = await world.challenge()
    await world.complete(token, world.totp_code(user))
    opened = world.secret_box.opened
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user, steps=1))
    await _refused(world, OneTimeTokenInvalid, "made up", WRONG)
    assert world.secret_box.opened == opened


async def test_a_suspension_since_the_challenge_counts() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    await world.use_cases.administration.suspend(user.id, reason="fraud", caller=world.staff())
    await _refused(world, AccountSuspended, token, world.totp_code(user))
    await _refused(world, AccountSuspended, token, codes[0])
    assert world.database.audit_entries[-1].user_id == user.id


async def test_a_deletion_since_the_challenge_counts() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    await world.use_cases.deletion.delete(user.id, caller=world.staff())
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user))
    await _refused(world, OneTimeTokenInvalid, token, codes[0])


async def test_another_password_since_the_challenge_ends_it() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    world.store_password_hash(user.id, "$fake$9$other")
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user))
    await _refused(world, OneTimeTokenInvalid, token, codes[0])


async def test_a_second_factor_that_was_removed_since_the_challenge_ends_it() -> None:
    world, user, _ = await _enrolled()
    token = await world.challenge()
    world.store_user(replace(user, mfa_enabled=False))
    await _refused(world, OneTimeTokenInvalid, token, world.totp_code(user))


async def test_what_happens_while_vault_is_waited_for_counts() -> None:
    world, user, _ = await _enrolled()
    token, code, now = await world.challenge(), world.totp_code(user), world.clock.now()
    changes = {
        AccountSuspended: replace(user, suspended_at=now),
        OneTimeTokenInvalid: replace(user, deleted_at=now),
    }
    for error, changed in changes.items():
        world.secret_box.during_work = partial(world.store_user, changed)
        world.store_user(user)
        with pytest.raises(error):
            await world.complete(token, code)
    assert not world.database.tables.sessions


async def test_a_code_of_a_secret_that_is_replaced_meanwhile_is_wrong() -> None:
    world, user, _ = await _enrolled()
    token = await world.challenge()
    code = world.totp_code(user)
    stored = world.database.tables.totp_enrolments
    other = await world.secret_box.seal(b"x" * 20, context=stored[user.id].seal_context)

    def replace_meanwhile() -> None:
        stored[user.id] = replace(stored[user.id], sealed_secret=other)

    world.secret_box.during_work = replace_meanwhile
    with pytest.raises(MfaCodeInvalid):
        await world.complete(token, code)


async def test_nobody_holds_a_connection_while_vault_is_waited_for() -> None:
    world, user, _ = await _enrolled()
    token = await world.challenge()
    open_units: list[int] = []
    world.secret_box.during_work = lambda: open_units.append(world.database.open_units)
    await world.complete(token, world.totp_code(user))
    assert open_units == [0]


async def test_without_vault_a_challenge_is_given_and_a_recovery_code_completes_it() -> None:
    world, user, codes = await _enrolled()
    code = world.totp_code(user)
    world.secret_box.reachable = False
    token = await world.challenge()
    before = world.database.snapshot()
    with pytest.raises(DependencyUnavailable):
        await world.complete(token, code)
    assert world.database.snapshot() == before
    await world.complete(token, codes[0])


async def test_without_vault_those_without_a_second_factor_log_in() -> None:
    world = World()
    await world.register()
    world.secret_box.reachable = False
    assert isinstance(await world.begin_login(), LoginResult)


async def test_challenges_that_have_run_out_do_not_pile_up() -> None:
    world, _, _ = await _enrolled()
    for _ in range(3):
        await world.challenge()
    world.clock.advance(MFA.challenge_seconds)
    await world.challenge()
    assert len(world.database.tables.mfa_challenges) == 1


async def test_neither_codes_nor_tokens_are_written_down() -> None:
    world, user, codes = await _enrolled()
    token = await world.challenge()
    code = world.totp_code(user)
    await _refused(world, MfaCodeInvalid, token, WRONG, failures=1)
    result = await world.complete(token, code)
    await world.complete(await world.challenge(), codes[0])
    written = repr([result, world.database.snapshot(), world.database.recorded_events])
    for secret in (token, code.text, WRONG.text, codes[0].text):
        assert secret not in written
