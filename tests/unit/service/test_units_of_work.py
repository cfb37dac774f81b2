"""What holds for every use case that writes: one unit of work, all of it or nothing."""

from collections.abc import Sequence
from typing import Any

import pytest

from core.domain.audit import AuditOutcome
from core.domain.errors import DependencyUnavailable
from tests.unit.service.recovery_scenarios import RECOVERY_SCENARIOS
from tests.unit.service.scenarios import SCENARIOS, Ada, Scenario

ALL_SCENARIOS = (*SCENARIOS, *RECOVERY_SCENARIOS)

every_scenario = pytest.mark.parametrize("scenario", ALL_SCENARIOS, ids=lambda each: each.name)


async def _run(scenario: Scenario, ada: Ada) -> None:
    if scenario.error is None:
        await scenario.call(ada)
    else:
        with pytest.raises(scenario.error):
            await scenario.call(ada)


async def _steps(scenario: Scenario) -> Sequence[str]:
    """Run undisturbed and return the steps of the database, each name once."""
    ada = await scenario.prepare()
    await _run(scenario, ada)
    return list(dict.fromkeys(ada.world.database.steps))


@every_scenario
async def test_there_is_one_unit_of_work_and_one_commit_at_its_end(scenario: Scenario) -> None:
    ada = await scenario.prepare()
    await _run(scenario, ada)
    steps = ada.world.database.steps
    assert steps.count("transaction") == 1
    assert steps.count("commit") == 1
    assert steps[-1] == "commit"
    assert ada.world.database.open_units == 0


@every_scenario
async def test_there_is_exactly_one_row_of_the_audit_log(scenario: Scenario) -> None:
    ada = await scenario.prepare()
    before = len(ada.world.database.audit_entries)
    await _run(scenario, ada)
    (entry,) = ada.world.database.audit_entries[before:]
    refusal = scenario.error or scenario.recorded
    assert entry.outcome is (AuditOutcome.SUCCESS if refusal is None else AuditOutcome.FAILURE)
    if refusal is not None:
        assert entry.reason == refusal.reason


@every_scenario
async def test_a_failure_at_any_step_leaves_nothing_and_is_not_hidden(scenario: Scenario) -> None:
    for step in await _steps(scenario):
        ada = await scenario.prepare()
        database = ada.world.database
        before = database.snapshot()
        database.break_at(step, DependencyUnavailable("postgresql"))
        with pytest.raises(DependencyUnavailable):
            await scenario.call(ada)
        assert database.snapshot() == before, f"something was left by a failure at {step}"
        assert database.open_units == 0
        database.mend()
        await _run(scenario, ada)


@every_scenario
async def test_out_of_reach_is_said_and_over_when_it_is_over(scenario: Scenario) -> None:
    ada = await scenario.prepare()
    ada.world.database.disconnect()
    with pytest.raises(DependencyUnavailable):
        await scenario.call(ada)
    ada.world.database.mend()
    await _run(scenario, ada)


@every_scenario
async def test_neither_log_nor_events_hold_what_is_secret_or_personal(scenario: Scenario) -> None:
    ada = await scenario.prepare()
    await _run(scenario, ada)
    written: list[Any] = [
        (entry.details, entry.reason, entry.resource_id)
        for entry in ada.world.database.audit_entries
    ]
    written += ada.world.database.recorded_events
    text = repr(written)
    for secret in (
        "example.com",
        "correct horse",
        "another horse",
        "wrong",
        "refresh-token",
        "access-token",
        "challenge-token",
        "one-time-token",
        "CODE-",
        "918273",
    ):
        assert secret not in text


async def test_locks_are_taken_in_one_order() -> None:
    order = {"users.lock_admins": 0, "users.lock": 1, "sessions.lock": 2}
    for scenario in ALL_SCENARIOS:
        locks = [order[step] for step in await _steps(scenario) if step in order]
        assert locks == sorted(locks), scenario.name
