"""Whoever fails too often has to wait, and in the end to choose another password."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.client_network import ExemptNetworks
from core.domain.errors import DependencyUnavailable, InvalidCredentials, LoginThrottled
from core.domain.events import LoginThrottled as LockOut
from core.domain.mail import MailTemplate
from core.service import login_throttling
from tests.fakes.world import PASSWORD, THROTTLE, World
from tests.unit.service.concurrently import outcomes, started
from tests.unit.service.throttling_scene import (
    ABROAD,
    ADA,
    FIRST_WAIT,
    FREE,
    HOME,
    LONGEST_WAIT,
    Scene,
    at_home,
    closing_soon,
)

WRONG = "INVALID_CREDENTIALS"
THROTTLED = "LOGIN_THROTTLED"

ELSEWHERE_STILL = replace(ABROAD, ip_address="192.0.2.77", user_agent="another thief/2.0")


async def test_after_the_fifth_failure_not_even_the_right_password_is_looked_at() -> None:
    scene = await at_home()
    assert [await scene.tries() for _ in range(5)] == [WRONG] * 5
    scene.world.hasher.verified.clear()
    assert await scene.enters() == THROTTLED
    assert scene.world.hasher.verified == []


async def test_four_failures_cost_no_wait() -> None:
    scene = await at_home()
    await scene.fails(4)
    assert await scene.enters() == "in"


async def test_the_wait_is_told_doubles_with_each_failure_and_is_bounded() -> None:
    scene = await at_home()
    await scene.fails(4)
    waits = []
    for _ in range(12):
        assert await scene.tries() == WRONG
        with pytest.raises(LoginThrottled) as refusal:
            await scene.world.use_cases.login.login(
                email=ADA, password=PASSWORD, caller=Caller(origin=ABROAD)
            )
        waits.append(refusal.value.retry_after_seconds)
        scene.world.clock.advance(waits[-1])
    assert waits == pytest.approx([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900], abs=0.01)


async def test_when_the_wait_is_over_a_right_password_opens_and_begins_anew() -> None:
    scene = await at_home()
    await scene.fails(FREE)
    scene.world.clock.advance(FIRST_WAIT)
    assert await scene.enters(origin=ABROAD) == "in"
    assert await scene.fails(4, origin=ELSEWHERE_STILL) == [WRONG] * 4
    assert await scene.enters(origin=ELSEWHERE_STILL) == "in"


async def test_a_refused_try_is_recorded_with_its_reason() -> None:
    scene = await at_home()
    await scene.fails(FREE)
    scene.world.forget_the_past()
    await scene.enters()
    entry = scene.world.only_audit_entry
    assert (entry.action, entry.reason) == (AuditAction.LOGIN, THROTTLED)
    assert entry.user_id is not None


async def test_an_address_that_nobody_has_is_throttled_in_the_same_way() -> None:
    scene = await at_home()
    others = ("nobody@example.com", "no address", "")
    for email in others:
        assert [await scene.tries(email=email) for _ in range(6)] == [WRONG] * 5 + [THROTTLED]
        # Each from an address of its own, so that this one is not throttled for all of them.
        scene.world.clock.advance(THROTTLE.address.memory_seconds + 1)


async def test_what_is_no_address_is_counted_by_itself() -> None:
    scene = await at_home()
    nonsense = [f"no address {number}" for number in range(FREE + 1)]
    assert [await scene.tries(email=email) for email in nonsense] == [WRONG] * (FREE + 1)


@pytest.mark.parametrize("status", ["active", "suspended", "deleted"])
async def test_neither_work_nor_answers_tell_what_there_is_up_to_the_end(status: str) -> None:
    throttle = replace(
        THROTTLE, most_failures=7, address=replace(THROTTLE.address, from_failure=1000)
    )
    scene = Scene(world=World(throttle=throttle))
    world = scene.world
    user = await world.register(ADA)
    if status == "suspended":
        await world.use_cases.administration.suspend(user.id, reason="x", caller=world.staff())
    if status == "deleted":
        await world.use_cases.deletion.delete(user.id, caller=world.caller(user))

    async def course(email: str) -> list[tuple[str, list[str], int]]:
        steps = []
        for _ in range(10):
            for _ in range(2):
                world.database.steps.clear()
                world.hasher.verified.clear()
                answer = await scene.tries(email=email)
                steps.append((answer, list(world.database.steps), len(world.hasher.verified)))
            world.clock.advance(LONGEST_WAIT)
        return steps

    course_of_ada = await course(ADA)
    assert course_of_ada == await course("nobody@example.com")
    answers = [answer for answer, _, _ in course_of_ada]
    assert answers.count(WRONG) == 7
    assert answers[-6:] == [THROTTLED] * 6


async def test_strangers_who_fail_do_not_shut_out_a_known_device() -> None:
    scene = await at_home()
    await scene.fails(20)
    assert await scene.enters(origin=ELSEWHERE_STILL) == THROTTLED
    assert await scene.enters(origin=HOME) == "in"


async def test_a_known_device_is_one_of_the_same_network_with_the_same_user_agent() -> None:
    scene = await at_home()
    await scene.fails(FREE)
    neighbour = replace(HOME, ip_address="203.0.113.250")
    other_network = replace(HOME, ip_address="203.0.114.7")
    other_agent = replace(HOME, user_agent="browser/2.0")
    assert await scene.enters(origin=other_network) == THROTTLED
    assert await scene.enters(origin=other_agent) == THROTTLED
    assert await scene.enters(origin=neighbour) == "in"


async def test_the_device_of_one_person_is_none_of_another() -> None:
    scene = await at_home()
    await scene.world.register("bob@example.com")
    await scene.fails(FREE, email="bob@example.com")
    assert await scene.enters(email="bob@example.com", origin=HOME) == THROTTLED


async def test_a_known_device_that_fails_has_to_wait_as_well() -> None:
    scene = await at_home()
    assert await scene.fails(FREE, origin=HOME) == [WRONG] * FREE
    assert await scene.enters(origin=HOME) == THROTTLED
    assert await scene.enters(origin=ABROAD) == "in"


async def test_a_device_that_has_not_been_used_for_long_is_a_stranger_s() -> None:
    scene = await at_home()
    scene.world.clock.advance(181 * 24 * 3600)
    await scene.fails(FREE)
    assert await scene.enters(origin=HOME) == THROTTLED


async def test_after_so_many_failures_in_a_row_no_wait_opens_the_account_again() -> None:
    scene = await at_home(closing_soon(8))
    assert await scene.fails(8) == [WRONG] * 8
    for _ in range(3):
        scene.world.clock.advance(400 * 24 * 3600)
        assert await scene.enters() == THROTTLED


async def test_a_hundred_is_the_number() -> None:
    scene = await at_home()
    assert await scene.fails(100) == [WRONG] * 100
    scene.world.clock.advance(THROTTLE.account.memory_seconds + 1)
    assert await scene.enters() == THROTTLED


async def test_the_count_outlives_redis() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(8)
    throttling = scene.world.use_cases.login.throttling
    account = throttling.digests.digest("login account", ADA)
    assert scene.world.database.tables.login_failures[account].failures == 8
    scene.world.attempts.lose_everything()
    assert await scene.enters() == THROTTLED


async def test_a_known_device_enters_a_closed_account_and_does_not_open_it_for_strangers() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(8)
    assert await scene.enters(origin=HOME) == "in"
    scene.world.clock.advance(LONGEST_WAIT + 1)
    assert await scene.enters(origin=ELSEWHERE_STILL) == THROTTLED


async def test_a_known_device_is_closed_by_its_own_failures() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(8, origin=HOME)
    scene.world.clock.advance(THROTTLE.account.memory_seconds + 1)
    assert await scene.enters(origin=HOME) == THROTTLED


@pytest.mark.parametrize("origin", [ABROAD, HOME], ids=["stranger", "known device"])
async def test_a_success_begins_the_durable_count_anew(origin: object) -> None:
    scene = await at_home(closing_soon(8))
    for _ in range(3):
        await scene.fails(7, origin=origin)  # type: ignore[arg-type] # an origin
        scene.world.clock.advance(LONGEST_WAIT + 1)
        assert await scene.enters(origin=origin) == "in"  # type: ignore[arg-type] # as above


async def test_what_strangers_have_failed_is_forgotten_when_the_person_enters() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(7)
    assert await scene.enters(origin=HOME) == "in"
    assert await scene.fails(7) == [WRONG] * 7


async def test_a_reset_opens_a_closed_account_at_once_for_everybody() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(8, origin=HOME)
    await scene.fails(8)
    world = scene.world
    await world.use_cases.password_reset.request(email=ADA, caller=world.nobody)
    await world.use_cases.password_reset.reset(
        token=world.mailed_token(MailTemplate.PASSWORD_RESET),
        new_password="another good password",
        caller=world.nobody,
    )
    assert world.database.tables.login_failures == {}
    assert await scene.tries("another good password") == "in"


async def test_a_change_of_the_password_opens_nothing_for_strangers() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(8)
    world = scene.world
    (user,) = (row.user for row in world.database.tables.users.values())
    await world.use_cases.password_change.change(
        user.id,
        current_password=PASSWORD,
        new_password="another good password",
        caller=world.caller(user),
    )
    assert await scene.tries("another good password") == THROTTLED


async def test_whoever_registers_an_address_does_not_inherit_its_failures() -> None:
    scene = Scene(world=World(throttle=closing_soon(6)))
    await scene.fails(6)
    assert await scene.tries() == THROTTLED
    await scene.world.register(ADA)
    assert await scene.enters() == "in"


async def test_a_lock_out_is_told_once_and_only_where_there_is_somebody_to_tell() -> None:
    scene = await at_home()
    await scene.fails(FREE - 1)
    assert scene.lock_outs == []
    await scene.fails(4)
    (user_id,) = scene.world.database.tables.users
    assert scene.lock_outs == [LockOut(user_id=user_id)]
    await scene.fails(9, email="nobody@example.com", origin=ELSEWHERE_STILL)
    assert len(scene.lock_outs) == 1


async def test_the_next_lock_out_is_told_again_and_so_is_the_last() -> None:
    scene = await at_home(closing_soon(12))
    await scene.fails(FREE)
    scene.world.clock.advance(THROTTLE.account.memory_seconds + 1)
    await scene.fails(FREE)
    assert len(scene.lock_outs) == 2
    scene.world.clock.advance(THROTTLE.account.memory_seconds + 1)
    await scene.fails(2)
    assert len(scene.lock_outs) == 3


async def test_one_address_waits_whatever_the_accounts() -> None:
    scene = await at_home()
    for number in range(THROTTLE.address.from_failure):
        assert await scene.tries(email=f"somebody{number}@example.com") == WRONG
    assert await scene.enters() == THROTTLED
    assert await scene.enters(origin=ELSEWHERE_STILL) == "in"


async def test_a_success_does_not_make_an_address_s_failures_forgotten() -> None:
    scene = await at_home()
    await scene.world.register("eve@example.com")
    for number in range(THROTTLE.address.from_failure - 1):
        await scene.tries(email=f"somebody{number}@example.com")
    assert await scene.enters(email="eve@example.com") == "in"
    await scene.tries(email="one.more@example.com")
    assert await scene.enters() == THROTTLED


async def test_ipv6_is_counted_by_64() -> None:
    scene = await at_home()
    for number in range(THROTTLE.address.from_failure):
        origin = replace(ABROAD, ip_address=f"2001:db8::{number:x}")
        await scene.tries(email=f"somebody{number}@example.com", origin=origin)
    inside = replace(ABROAD, ip_address="2001:db8::ffff:1")
    outside = replace(ABROAD, ip_address="2001:db8:0:1::1")
    assert await scene.enters(origin=inside) == THROTTLED
    assert await scene.enters(origin=outside) == "in"


async def test_a_known_device_is_not_held_back_by_its_neighbours() -> None:
    scene = await at_home()
    for number in range(THROTTLE.address.from_failure):
        origin = replace(HOME, user_agent="a neighbour's/1.0")
        await scene.tries(email=f"somebody{number}@example.com", origin=origin)
    assert await scene.enters(origin=HOME) == "in"


async def test_exempt_networks_fill_no_bucket_but_that_of_the_account() -> None:
    scene = await at_home()
    login = scene.world.use_cases.login
    exempt = ExemptNetworks.parse(["198.51.100.0/24"])
    object.__setattr__(login, "throttling", replace(login.throttling, exempt=exempt))
    for number in range(THROTTLE.address.from_failure + 5):
        assert await scene.tries(email=f"somebody{number}@example.com") == WRONG
    await scene.fails(FREE)
    assert await scene.enters() == THROTTLED


async def test_a_client_without_an_address_is_throttled_by_account_alone() -> None:
    scene = await at_home()
    nowhere = replace(ABROAD, ip_address=None)
    for number in range(THROTTLE.address.from_failure + 5):
        assert await scene.tries(email=f"somebody{number}@example.com", origin=nowhere) == WRONG
    await scene.fails(FREE, origin=nowhere)
    assert await scene.enters(origin=nowhere) == THROTTLED


async def test_a_suspended_person_who_knows_the_password_does_not_fail() -> None:
    scene = await at_home()
    world = scene.world
    (user_id,) = world.database.tables.users
    await world.use_cases.administration.suspend(user_id, reason="x", caller=world.staff())
    assert [await scene.enters() for _ in range(10)] == ["ACCOUNT_SUSPENDED"] * 10


async def test_what_is_not_judged_is_not_counted() -> None:
    scene = await at_home()
    scene.world.hasher.busy = True
    assert [await scene.tries() for _ in range(10)] == ["SERVER_BUSY"] * 10
    scene.world.hasher.busy = False
    scene.world.database.break_at("users.lock", DependencyUnavailable("postgresql"))
    assert [await scene.enters() for _ in range(10)] == ["DEPENDENCY_UNAVAILABLE"] * 10
    scene.world.database.mend()
    assert await scene.fails(4) == [WRONG] * 4
    assert await scene.enters() == "in"


def _hang_up() -> None:
    """End the call as its client does who does not wait for the answer."""
    raise asyncio.CancelledError


async def test_whoever_hangs_up_has_tried() -> None:
    scene = await at_home()
    scene.world.hasher.during_work = _hang_up
    for _ in range(FREE):
        with pytest.raises(asyncio.CancelledError):
            await scene.tries()
    scene.world.hasher.during_work = lambda: None
    assert await scene.enters() == THROTTLED


async def test_whoever_hangs_up_is_counted_once() -> None:
    scene = await at_home()
    for _ in range(FREE - 1):
        async with started(scene.tries()) as trying:
            await scene.world.database.arrival("audit.append")
            trying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await trying
    assert await scene.enters() == "in"


async def test_of_many_guesses_at_once_no_more_are_looked_at_than_one_after_another() -> None:
    scene = await at_home()
    scene.world.hasher.verified.clear()
    answers = await outcomes(scene.tries() for _ in range(100))
    assert sorted(map(str, answers)) == [WRONG] * FREE + [THROTTLED] * (100 - FREE)
    assert len(scene.world.hasher.verified) == FREE


async def test_of_many_guesses_at_many_accounts_at_once_an_address_gets_no_more_either() -> None:
    scene = await at_home()
    emails = [f"somebody{number}@example.com" for number in range(100)]
    answers = await outcomes(scene.tries(email=email) for email in emails)
    allowed = THROTTLE.address.from_failure
    assert sorted(map(str, answers)) == [WRONG] * allowed + [THROTTLED] * (100 - allowed)


async def test_people_who_know_their_password_all_get_in_however_many_at_once() -> None:
    scene = await at_home()
    answers = await outcomes(scene.enters(origin=ABROAD) for _ in range(60))
    assert answers == ["in"] * 60


async def test_whoever_waits_too_long_for_a_turn_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(login_throttling, "PATIENCE_SECONDS", 0.05)
    scene = await at_home()
    account = scene.world.use_cases.login.throttling
    async with scene.world.database.reading() as stored:
        standing = await account.standing(stored, key=ADA, user_id=None, origin=ABROAD)
    for _ in range(FREE):
        await scene.world.attempts.admit(standing.buckets)
    assert await scene.enters() == THROTTLED


async def test_a_right_password_that_comes_too_late_opens_nothing() -> None:
    scene = await at_home(closing_soon(8))
    await scene.fails(7)
    scene.world.clock.advance(LONGEST_WAIT + 1)
    digest = scene.world.use_cases.login.throttling.digests.digest("login account", ADA)

    def one_more_failure() -> None:
        failures = scene.world.database.tables.login_failures
        failures[digest] = replace(failures[digest], failures=8)

    scene.world.hasher.during_work = one_more_failure
    assert await scene.enters() == THROTTLED
    assert scene.world.database.audit_entries[-1].reason == THROTTLED


async def test_a_wrong_current_password_counts_as_a_failed_login() -> None:
    scene = await at_home()
    world = scene.world
    (user,) = (row.user for row in world.database.tables.users.values())

    async def change(current: str) -> None:
        await world.use_cases.password_change.change(
            user.id,
            current_password=current,
            new_password="another good password",
            caller=Caller(origin=ABROAD, user_id=user.id, role=user.role),
        )

    for _ in range(FREE):
        with pytest.raises(InvalidCredentials):
            await change("wrong")
    with pytest.raises(LoginThrottled):
        await change(PASSWORD)
    assert world.database.audit_entries[-1].action is AuditAction.PASSWORD_CHANGE
    assert await scene.enters() == THROTTLED


async def test_counts_of_addresses_that_nobody_tries_any_more_are_dropped() -> None:
    scene = await at_home()
    for number in range(15):
        await scene.tries(email=f"somebody{number}@example.com")
    scene.world.clock.advance((THROTTLE.stale_days + 1) * 24 * 3600)
    for _ in range(3):
        await scene.tries(email="another@example.com", origin=ELSEWHERE_STILL)
    assert len(scene.world.database.tables.login_failures) == 1


async def test_nothing_that_is_kept_names_an_address() -> None:
    scene = await at_home()
    await scene.fails(3)
    kept = repr(scene.world.database.tables.login_failures) + repr(
        scene.world.database.tables.known_devices
    )
    for told in ("ada", "example", "198.51.100", "thief", "203.0.113", "browser"):
        assert told not in kept
