"""Partitions of the audit log, made before anything is written into them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Final, TypeVar

from core.domain.errors import Conflict
from core.domain.maintenance import MonthOutcome, PartitionReport
from core.domain.ports.clock import Clock
from core.domain.ports.maintenance import AuditPartitions

T = TypeVar("T")

_TRIES: Final = 10
_PAUSE_SECONDS: Final = 0.5
"""Writers give way within moments; a partition is never waited for so long that they queue up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionMaking:
    """Makes the partition of this month and of those to come."""

    partitions: AuditPartitions
    clock: Clock

    async def run(self, *, months_ahead: int) -> PartitionReport:
        """Make what is missing.

        Rows that came while their month had no partition are not moved: the table that holds them
        becomes the partition of their months. Where that cannot be, they stay, and are reported.

        Raises:
            Conflict: the log was in use at every try.
        """
        now = self.clock.now()
        made: list[str] = []
        wanted = [month_after(now, number) for number in range(months_ahead + 1)]
        blocked = await self._make(wanted, made)
        adopted = None
        if (await self.partitions.default_rows()).oldest is not None:
            adopted = await patiently(self.partitions.adopt_default)
            blocked = await self._make(blocked, made)
        return PartitionReport(
            made=tuple(made),
            adopted=adopted,
            blocked=tuple(f"{month:%Y-%m}" for month in blocked),
            default_rows=await self.partitions.default_rows(),
        )

    async def _make(self, months: list[date], made: list[str]) -> list[date]:
        """Make partitions; return the months that stay without one."""
        blocked = []
        for month in months:
            outcome = await patiently(partial(self.partitions.make_month, month))
            if outcome is MonthOutcome.MADE:
                made.append(f"{month:%Y-%m}")
            elif outcome is MonthOutcome.IN_DEFAULT:
                blocked.append(month)
        return blocked


def month_after(moment: datetime, months: int) -> date:
    """Return the first day of a month (UTC) so many months after a time, or before it."""
    day = moment.astimezone(UTC)
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do what needs the log for itself for a moment, again and again if it does not get it.

    Raises:
        Conflict: it did not get it.
    """
    for _ in range(_TRIES - 1):
        try:
            return await work()
        except Conflict:
            await asyncio.sleep(_PAUSE_SECONDS)
    return await work()
