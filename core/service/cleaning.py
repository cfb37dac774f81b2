"""Removing rows that have served."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.domain.maintenance import Served
from core.domain.ports.clock import Clock
from core.domain.ports.maintenance import ServedRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """Removes what has served, a batch at a time, so that nobody waits for it."""

    rows: ServedRows
    clock: Clock

    async def run(
        self, seconds_after: Mapping[Served, int], *, batch_size: int
    ) -> Mapping[Served, int]:
        """Remove rows of each kind that have been of no use for so long; return how many.

        Interrupted at any point it has removed whole batches, and the next run removes the rest.
        """
        now = self.clock.now()
        removed: dict[Served, int] = {}
        for kind in Served:
            before = now - timedelta(seconds=seconds_after[kind])
            removed[kind] = 0
            while batch := await self.rows.remove(kind, before=before, limit=batch_size):
                removed[kind] += batch
        return removed
