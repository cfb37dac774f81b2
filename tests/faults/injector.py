"""Applies faults while the load runs: every kind in turn, in random order at random moments."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.faults.faults import FAULTS, Breaking, Fault
from tests.faults.journal import Journal
from tests.faults.plan import Plan

_BESIDE: Final = 0.3
"""How often a fault happens while another one lasts."""
_LOOK_SECONDS: Final = 0.01
_UNEVEN_SECONDS: Final = 0.2
_LULL_SECONDS: Final = 60.0


class LoadStopped(Exception):
    """Nothing has been acknowledged for a long time although nothing is broken."""


@dataclass(kw_only=True)
class Injector:
    """Breaks things at moments that the number of acknowledged operations tells."""

    breaking: Breaking
    journal: Journal
    plan: Plan
    happened: Counter[str] = field(default_factory=Counter)
    overlapping: int = 0

    async def run(self) -> None:
        """Break everything, and return when the load has gone on to its end."""
        random = Random(f"{self.plan.seed}/faults")
        schedule = _schedule(self.plan.faults, random)
        moments = _moments(self.plan, random)
        while schedule:
            await self._until_done(moments[len(moments) - len(schedule)], random)
            names = [schedule.pop(0)]
            if schedule and random.random() < _BESIDE and _apart(names[0], schedule[0]):
                names.append(schedule.pop(0))
                self.overlapping += 1
            async with asyncio.TaskGroup() as tasks:
                for name in names:
                    self.happened[name] += 1
                    tasks.create_task(self._happen(FAULTS[name], random))
        await self._until_done(self.plan.operations, random)

    async def _happen(self, fault: Fault, random: Random) -> None:
        await asyncio.sleep(random.uniform(0, _UNEVEN_SECONDS))
        await fault.happen(self.breaking)

    async def _until_done(self, number: int, random: Random) -> None:
        seen, loop = -1, asyncio.get_running_loop()
        patience = loop.time()
        while self.journal.done < number:
            if self.journal.done != seen:
                seen, patience = self.journal.done, loop.time() + _LULL_SECONDS
            elif loop.time() > patience:
                raise LoadStopped(f"{seen} operations were acknowledged, and no more")
            await asyncio.sleep(_LOOK_SECONDS)
        # Not always just after an answer.
        await asyncio.sleep(random.uniform(0, _LOOK_SECONDS))


def _schedule(number: int, random: Random) -> list[str]:
    """Return so many faults, in rounds that hold every kind as often as it weighs."""
    schedule: list[str] = []
    kinds = [name for name, fault in FAULTS.items() for _ in range(fault.weight)]
    while len(schedule) < number:
        schedule.extend(random.sample(kinds, len(kinds)))
    return schedule[:number]


def _moments(plan: Plan, random: Random) -> list[int]:
    """Return after how many acknowledged operations each fault comes."""
    first, last = plan.operations // 20, plan.operations - plan.operations // 20
    return sorted(random.randint(first, last) for _ in range(plan.faults))


def _apart(name: str, other: str) -> bool:
    return FAULTS[name].target != FAULTS[other].target
