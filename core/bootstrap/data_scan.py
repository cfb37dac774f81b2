"""Looking for values of the source in a clone, column by column, by several processes."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from core.bootstrap.data_clone_access import CloneAccess
from core.bootstrap.data_progress import Progress
from core.bootstrap.data_scan_workers import (
    Part,
    Phase,
    Scanned,
    ScanPlan,
    begin_scanning,
    end_scanning,
    parts_of,
    scan_part,
)
from core.bootstrap.data_workers import each, worker_pool
from core.bootstrap.refusals import OperationRefused
from core.data.anonymization.rules import AUDIT_EVENTS, COPIED
from core.data.scanning.originals import PersonalValues
from core.data.scanning.search import ScanReport, Seen
from core.data.scanning.value_filter import unite
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource

_AUDIT_STEP: Final = 5000
_VALUES_OF_A_ROW: Final = 7
"""How many originals an audit row holds, more or less."""

_LARGEST: Final = (AUDIT_EVENTS, "outbox")
"""Begun first, so that no process is left with one of them while the others have nothing to do."""

_OWN: Final = frozenset({"alembic_version", "clone_chunks", "audit_seals"})
"""Tables of the clone's own that hold hashes and numbers alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a scan came to."""

    report: ScanReport

    def told(self) -> dict[str, object]:
        """Return it as JSON has it."""
        found = self.report
        return {
            "originals": found.originals,
            "cells": found.cells,
            "columns": found.columns,
            "hits": dict(found.hits),
        }

    def require_clean(self) -> None:
        """Return if nothing was found.

        Raises:
            OperationRefused: something was; the line names table and column.
        """
        if self.report.hits:
            places = ", ".join(f"{place} ({n})" for place, n in sorted(self.report.hits.items()))
            raise OperationRefused(f"original values are in the clone: {places}")


def scan(access: CloneAccess, workers: int = 1) -> Finding:
    """Look through every text of the clone; blocks until it is done.

    Memory and temporary files: 3 bytes a value, in each process that gathers.
    """
    source = BlockingConnection.open_snapshot(access.source.options, access.source.login, None)
    target = BlockingConnection.open_snapshot(access.target.options, access.target.login, None)
    try:
        with TemporaryDirectory(prefix="pandora-scan-") as folder, _one_hash():
            return _Scan(access, workers, CloneSource(source), CloneSource(target)).run(
                Path(folder)
            )
    finally:
        end_scanning()
        target.close()
        source.close()


class _Scan:
    """Three phases: originals are gathered, looked for, and what looks like one is compared."""

    def __init__(
        self, access: CloneAccess, workers: int, source: CloneSource, target: CloneSource
    ) -> None:
        self._access = access
        self._workers = workers
        self._source = source
        self._target = target

    def run(self, folder: Path) -> Finding:
        rows = self._source.audit_extent().row_count or 0
        plan = ScanPlan(
            phase=Phase.GATHER,
            source_state=self._source.snapshot().snapshot or "",
            target_state=self._target.snapshot().snapshot or "",
            folder=folder,
            expected=(rows + 1000) * 2 * _VALUES_OF_A_ROW,
        )
        gathered = list(self._phase(plan, self._originals))
        known = folder / "known"
        unite({done.filter_file for done in gathered}, known)
        plan = replace(plan, phase=Phase.LOOK, known=known)
        seen = Seen()
        for done in self._phase(plan, self._cells):
            seen.add(done.seen or Seen())
        confirmed: set[str] = set()
        if seen.candidates:
            plan = replace(plan, phase=Phase.CONFIRM, candidates=frozenset(seen.candidates))
            for done in self._phase(plan, self._originals):
                confirmed |= done.confirmed
        originals = sum(done.originals for done in gathered)
        return Finding(report=seen.report(originals, confirmed))

    def _phase(self, plan: ScanPlan, parts: Callable[[], Iterator[Part]]) -> Iterator[Scanned]:
        of = self._target if plan.phase is Phase.LOOK else self._source
        progress = Progress(plan.phase.value, of.audit_extent().row_count or 0)
        probes: set[int] = set()
        with worker_pool(self._workers, begin_scanning, self._access, plan) as pool:
            for done in each(pool, self._workers, scan_part, parts()):
                probes.add(done.probe)
                progress.advance(done.audit_rows)
                yield done
        progress.end()
        if len(probes) != 1:
            # A filter would miss what another process has gathered.
            raise RuntimeError("the processes of a scan do not hash alike")

    def _originals(self) -> Iterator[Part]:
        present = self._source.columns()
        values = PersonalValues(self._access.pseudonyms())
        tables = [
            Part(table=table)
            for table, rules in COPIED.items()
            if table in present and values.columns(rules)
        ]
        return parts_of(_spans(self._source), _largest_first(tables))

    def _cells(self) -> Iterator[Part]:
        tables = [
            Part(table=table, columns=tuple(columns))
            for table, columns in self._target.text_columns().items()
            if table not in _OWN
        ]
        return parts_of(_spans(self._target), _largest_first(tables))


def _spans(log: CloneSource) -> list[tuple[int, int]]:
    extent = log.audit_extent()
    return log.chunks((extent.first or 1, extent.last or 0), _AUDIT_STEP)


def _largest_first(tables: Sequence[Part]) -> list[Part]:
    return sorted(tables, key=lambda part: part.table not in _LARGEST)


@contextmanager
def _one_hash() -> Iterator[None]:
    """Let processes that are started meanwhile hash alike, by a key that nobody can know."""
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = str(1 + secrets.randbelow(2**32 - 1))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before
