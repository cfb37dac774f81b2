"""Processes are killed, servers crash, clocks jump: nothing acknowledged is lost or half done.

The short form of `make faults`, which asks for far more by FAULT_OPERATIONS and FAULTS.
"""

from pathlib import Path

import pytest

from tests.faults.plan import Plan
from tests.faults.run import run


async def test_what_is_acknowledged_outlives_every_fault_and_nothing_else_is_half_there(
    tmp_path: Path,
) -> None:
    plan = Plan.from_environment()
    print(f"\nFAULT_SEED={plan.seed}")
    findings = await run(plan, tmp_path)
    for name, number in findings.counts.items():
        print(f"{number:>8}  {name}")
    if findings.problems:
        pytest.fail(findings.text(), pytrace=False)
