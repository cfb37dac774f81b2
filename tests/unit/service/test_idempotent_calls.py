"""Whatever a use case writes, its answer is kept with it, and given again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from core.domain.errors import (
    Conflict,
    DependencyUnavailable,
    DomainError,
    IdempotencyKeyReused,
    ServerBusy,
    UserNotFound,
    ValidationFailed,
    Violation,
)
from core.domain.idempotency import (
    MAX_CONTENT_BYTES,
    Given,
    KeyedCall,
    Outcome,
    is_kept,
)
from core.domain.ports.idempotency import Work
from core.service.answer_floor import no_sooner_than
from core.service.deferral import DeferralMisused, after_commit
from core.service.idempotency import AnswerTooLong
from tests.fakes.world import PASSWORD, World
from tests.unit.service.concurrently import outcomes, started
from tests.unit.service.recovery_scenarios import RECOVERY_SCENARIOS
from tests.unit.service.scenarios import SCENARIOS, Ada, Scenario

CALL = KeyedCall(digest="a" * 64, request_digest="1" * 64, method="Service/Method", caller_id=None)
REFUSED = 9

every_scenario = pytest.mark.parametrize(
    "scenario", [*SCENARIOS, *RECOVERY_SCENARIOS], ids=lambda each: each.name
)


@dataclass(kw_only=True)
class Calls:
    """Makes calls with a key, and counts how often they are really made."""

    world: World
    made: list[str] = field(default_factory=list)

    async def answer(
        self, use_case: Callable[[], Awaitable[object]], call: KeyedCall = CALL
    ) -> Given:
        async def execute() -> Outcome:
            self.made.append(call.digest)
            content = repr(await use_case()).encode()
            return Outcome(status=0, content=content, subject_id=None)

        def refusal(error: DomainError) -> Outcome:
            return Outcome(status=REFUSED, content=error.reason.encode(), subject_id=None)

        work = Work(execute=execute, refusal=refusal)
        return await self.world.use_cases.idempotency.answer(call, work)

    async def end(self, scenario: Scenario, ada: Ada) -> Given | DomainError:
        """Return how a scenario ends."""
        try:
            return await self.answer(lambda: scenario.call(ada))
        except DomainError as error:
            return error


def end_of(given: Given | DomainError) -> object:
    """Return what an end is, whether it is given for the first time or again."""
    if isinstance(given, DomainError):
        return (REFUSED, given.reason.encode())
    return (given.outcome.status, given.outcome.content)


@every_scenario
async def test_change_and_answer_are_one_unit_of_work_and_one_commit(scenario: Scenario) -> None:
    ada = await scenario.prepare()
    given = await Calls(world=ada.world).end(scenario, ada)
    steps = ada.world.database.steps
    assert steps.count("transaction") == 1
    kept = not isinstance(given, DomainError) or is_kept(given)
    assert steps[-2:] == ["keyed_answers.add", "commit"] if kept else steps[-1] == "commit"
    assert steps.count("commit") == 1
    assert len(ada.world.database.tables.keyed_answers) == kept
    assert ada.world.database.open_units == 0


@every_scenario
async def test_a_failure_at_any_step_leaves_neither_change_nor_answer(scenario: Scenario) -> None:
    undisturbed = await scenario.prepare()
    await Calls(world=undisturbed.world).end(scenario, undisturbed)
    for step in dict.fromkeys(undisturbed.world.database.steps):
        ada = await scenario.prepare()
        database, calls = ada.world.database, Calls(world=ada.world)
        before = database.snapshot()
        database.break_at(step, DependencyUnavailable("postgresql"))
        assert isinstance(await calls.end(scenario, ada), DependencyUnavailable)
        assert database.snapshot() == before, f"something was left by a failure at {step}"
        assert database.open_units == 0
        database.mend()
        assert not isinstance(await calls.end(scenario, ada), DependencyUnavailable)


@every_scenario
async def test_a_repeat_changes_nothing_and_is_answered_alike(scenario: Scenario) -> None:
    ada = await scenario.prepare()
    calls = Calls(world=ada.world)
    first = await calls.end(scenario, ada)
    if isinstance(first, DomainError) and not is_kept(first):
        return
    before = ada.world.database.snapshot()
    ada.world.database.steps.clear()
    again = await calls.end(scenario, ada)
    assert isinstance(again, Given)
    assert again.is_repeat
    assert end_of(again) == end_of(first)
    assert ada.world.database.snapshot() == before
    assert ada.world.database.steps == ["reading", "keyed_answers.find"]
    assert len(calls.made) == 1


async def test_of_many_repeats_at_once_one_is_made() -> None:
    world, hashings = World(), [0]
    calls = Calls(world=world)

    def count_hashing() -> None:
        hashings[0] += 1

    world.hasher.during_work = count_hashing
    given = await outcomes(calls.answer(world.register) for _ in range(50))
    assert len({end_of(each) for each in given if isinstance(each, Given)}) == 1
    assert [each.is_repeat for each in given if isinstance(each, Given)] == [False] + [True] * 49
    assert len(calls.made) == 1
    assert hashings == [1]
    assert len(world.database.tables.users) == 1


async def test_another_request_is_refused_and_another_key_is_another_call() -> None:
    world = World()
    calls = Calls(world=world)
    await calls.answer(world.register)
    with pytest.raises(IdempotencyKeyReused):
        await calls.answer(world.register, replace(CALL, request_digest="2" * 64))
    given = await calls.answer(
        lambda: world.register("eve@example.com"), replace(CALL, digest="b" * 64)
    )
    assert not given.is_repeat
    assert len(world.database.tables.users) == 2


async def test_after_its_time_a_key_is_a_new_one() -> None:
    world = World()
    calls = Calls(world=world)
    await calls.answer(world.register)
    world.clock.advance(86_399)
    assert (await calls.answer(world.register)).is_repeat
    world.clock.advance(1)
    given = await calls.answer(lambda: world.register("eve@example.com"))
    assert not given.is_repeat
    assert (await calls.answer(world.register)).outcome == given.outcome


async def test_a_use_case_that_changes_nothing_is_answered_alike_later_on() -> None:
    world = World()
    user = await world.register()
    calls = Calls(world=world)

    async def reactivate() -> object:
        return await world.use_cases.administration.reactivate(
            user.id, reason="cleared", caller=world.staff()
        )

    before = world.database.snapshot()
    first = await calls.answer(reactivate)
    assert replace(world.database.snapshot(), keyed_answers={}) == before
    await world.use_cases.administration.suspend(user.id, reason="x", caller=world.staff())
    again = await calls.answer(reactivate)
    assert again.outcome == first.outcome
    assert world.stored_user(user.id).suspended_at is not None


async def test_a_refusal_without_a_change_is_given_again_although_it_would_not_be_now() -> None:
    world = World()
    calls = Calls(world=world)
    user_id = world.ids.new_id()

    async def suspend() -> object:
        return await world.use_cases.administration.suspend(
            user_id, reason="x", caller=world.staff()
        )

    with pytest.raises(UserNotFound):
        await calls.answer(suspend)
    again = await calls.answer(world.register)
    assert again.is_repeat
    assert again.outcome == Outcome(status=REFUSED, content=b"USER_NOT_FOUND", subject_id=None)


@pytest.mark.parametrize(
    "error",
    [
        Conflict(),
        ServerBusy(),
        DependencyUnavailable("vault"),
        ValidationFailed(Violation("email", "rule", "is none")),
        RuntimeError("a defect"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_may_end_otherwise_next_time_is_not_kept(error: Exception) -> None:
    world = World()
    calls = Calls(world=world)

    async def fail() -> object:
        raise error

    with pytest.raises(type(error)):
        await calls.answer(fail)
    assert not (await calls.answer(world.register)).is_repeat


@pytest.mark.parametrize("error", [DependencyUnavailable("redis"), RuntimeError("a defect")])
async def test_what_fails_after_its_commit_undoes_it(error: Exception) -> None:
    world = World()
    calls = Calls(world=world)
    before = world.database.snapshot()

    async def register_and_fail() -> object:
        await world.register()
        raise error

    with pytest.raises(type(error)):
        await calls.answer(register_and_fail)
    assert world.database.snapshot() == before
    assert world.database.open_units == 0


async def test_a_cancelled_call_leaves_nothing_and_lets_others_in() -> None:
    world = World()
    calls = Calls(world=world)
    before = world.database.snapshot()
    committed = asyncio.Event()

    async def linger() -> object:
        await world.register()
        committed.set()
        return await asyncio.Event().wait()

    async with started(calls.answer(linger)) as task:
        await committed.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert world.database.snapshot() == before
    assert not (await calls.answer(world.register)).is_repeat


async def test_a_repeat_that_cannot_wait_is_told_to_come_back() -> None:
    world = World()
    calls, begun = Calls(world=world), asyncio.Event()

    async def linger() -> object:
        begun.set()
        return await asyncio.Event().wait()

    async with started(calls.answer(linger)):
        await begun.wait()
        with pytest.raises(Conflict, match="under way") as refused:
            await calls.answer(linger, replace(CALL, patience_seconds=0.01))
        assert refused.value.retry_after_seconds > 0


async def test_two_units_of_work_that_commit_leave_no_room_for_one_answer() -> None:
    world = World()
    before = world.database.snapshot()

    async def register_twice() -> object:
        await world.register()
        return await world.register("eve@example.com")

    with pytest.raises(DeferralMisused):
        await Calls(world=world).answer(register_twice)
    assert world.database.snapshot() == before


async def test_what_a_call_has_committed_it_reads() -> None:
    world = World()

    async def register_and_read() -> object:
        user = await world.register()
        assert await world.use_cases.users.get_by_id(user.id) == user
        return user

    await Calls(world=world).answer(register_and_read)
    assert world.database.open_units == 0


async def test_an_answer_that_is_too_long_to_be_kept_is_a_defect_and_changes_nothing() -> None:
    world = World()
    before = world.database.snapshot()

    async def say_too_much() -> object:
        await world.register()
        return "x" * MAX_CONTENT_BYTES

    with pytest.raises(AnswerTooLong):
        await Calls(world=world).answer(say_too_much)
    assert world.database.snapshot() == before


async def test_calls_without_a_key_beside_one_with_a_key_are_not_deferred() -> None:
    world = World()
    calls, begun, go_on = Calls(world=world), asyncio.Event(), asyncio.Event()

    async def register_slowly() -> object:
        user = await world.register()
        begun.set()
        await go_on.wait()
        return user

    async with started(calls.answer(register_slowly)) as task:
        await begun.wait()
        await world.register("eve@example.com")
        assert len(world.database.tables.users) == 1
        go_on.set()
        await task
    assert len(world.database.tables.users) == 2


async def test_two_processes_that_are_asked_at_once_have_one_effect_and_one_answer() -> None:
    world = World()
    other = World(storage=world.database)
    here, there = Calls(world=world), Calls(world=other)
    given = await outcomes([here.answer(world.register), there.answer(other.register)])
    assert all(isinstance(each, Given) for each in given), given
    assert len({end_of(each) for each in given if isinstance(each, Given)}) == 1
    assert len(here.made + there.made) == 2
    assert len(world.database.tables.users) == 1
    assert len(world.database.tables.mail) == 1


async def test_what_another_process_has_answered_meanwhile_is_not_misread() -> None:
    world = World()
    other = World(storage=world.database)
    user = await world.register()
    here, there = Calls(world=world), Calls(world=other)

    async def change(made_by: World) -> object:
        await made_by.use_cases.password_change.change(
            user.id,
            current_password=PASSWORD,
            new_password="another horse, another battery",
            caller=made_by.caller(user),
        )
        return None

    async def change_after_the_other() -> object:
        await here.answer(lambda: change(world))
        world.database.steps.clear()
        # By now the current password is another one, which would count as a failure.
        return await change(other)

    given = await there.answer(change_after_the_other)
    assert given.is_repeat
    assert "login_failures.add" not in world.database.steps
    assert world.database.steps.count("commit") == 0


async def test_the_floor_under_an_answer_is_waited_for_without_a_connection() -> None:
    world = World()
    left = asyncio.Event()

    async def register() -> object:
        async with no_sooner_than(3600):
            await world.register()
        left.set()
        return None

    async with started(Calls(world=world).answer(register)) as task:
        await left.wait()
        await world.database.arrival("commit")
        while world.database.open_units:  # noqa: ASYNC110 - nothing else tells of it
            await asyncio.sleep(0)
        assert len(world.database.tables.keyed_answers) == 1
        assert not task.done()


async def test_what_follows_a_commit_follows_the_real_one() -> None:
    world = World()
    seen: list[tuple[int, int]] = []

    async def look() -> None:
        seen.append((world.database.open_units, len(world.database.tables.users)))

    async def register() -> object:
        await world.register()
        await after_commit(look)
        assert seen == []
        return None

    await Calls(world=world).answer(register)
    await after_commit(look)
    assert seen == [(0, 1), (0, 1)]
