"""Looking for values of the source in a clone, column by column."""

import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from core.bootstrap.data_clone_access import CloneAccess
from core.bootstrap.data_progress import Progress
from core.bootstrap.data_scan_workers import (
    Scanned,
    ScanPlace,
    ScanTask,
    begin_scanning,
    end_scanning,
    gather_part,
    look_through,
    sort_originals,
)
from core.bootstrap.data_workers import each, worker_pool
from core.bootstrap.refusals import OperationRefused
from core.data.anonymization.rules import AUDIT_EVENTS, COPIED
from core.data.scanning.digests import PARTS
from core.data.scanning.originals import searched
from core.data.scanning.search import ScanReport
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource

_AUDIT_STEP: Final = 10_000

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

    What is known of the originals lies in a temporary folder, 16 and 3 bytes for each different
    one: keyed digests, under a key that is forgotten. It goes with the scan.

    Raises:
        OperationRefused: the folder cannot be written.
    """
    source = BlockingConnection.open_snapshot(access.source.options, access.source.login, None)
    target = BlockingConnection.open_snapshot(access.target.options, access.target.login, None)
    try:
        with tempfile.TemporaryDirectory(prefix="pandora-scan-") as folder:
            place = ScanPlace(
                access=access,
                source_snapshot=CloneSource(source).snapshot().snapshot or "",
                target_snapshot=CloneSource(target).snapshot().snapshot or "",
                folder=Path(folder),
                key=secrets.token_bytes(32),
            )
            with worker_pool(workers, begin_scanning, place) as pool:
                return _scanned(pool, workers, CloneSource(source), CloneSource(target))
    except OSError as error:
        raise OperationRefused(f"the scan cannot keep its files: {error.strerror}") from error
    finally:
        end_scanning()
        target.close()
        source.close()


def _scanned(pool: Executor, workers: int, source: CloneSource, target: CloneSource) -> Finding:
    originals = 0
    for found in _run(pool, workers, gather_part, _gathering(source), source, "originals gathered"):
        originals += found.originals
    sorting = Progress("parts of the originals sorted", PARTS)
    for _ in each(pool, workers, sort_originals, range(PARTS)):
        sorting.advance(1)
    sorting.end()
    cells, hits = 0, Counter[str]()
    looking = _looking(target)
    for found in _run(pool, workers, look_through, looking, target, "rows of the clone opened"):
        cells += found.cells
        hits.update(found.hits)
    places = {(task.table, column) for task in looking for column in task.columns}
    return Finding(
        report=ScanReport(
            originals=originals, cells=cells, columns=len(places), hits=MappingProxyType(hits)
        )
    )


def _run(
    pool: Executor,
    workers: int,
    work: Callable[[ScanTask], Scanned],
    tasks: list[ScanTask],
    end: CloneSource,
    words: str,
) -> Iterator[Scanned]:
    progress = Progress(words, end.audit_extent().row_count or 0)
    for found in each(pool, workers, work, tasks):
        progress.advance(found.rows)
        yield found
    progress.end()


def _gathering(source: CloneSource) -> list[ScanTask]:
    """Return what holds originals; large tables come first, so that no process ends late."""
    present = source.columns()
    tables = [table for table in COPIED if table in present and searched(COPIED[table])]
    return [*(ScanTask(table=table) for table in reversed(tables)), *_audit_tasks(source, ())]


def _looking(target: CloneSource) -> list[ScanTask]:
    found = {table: tuple(columns) for table, columns in target.text_columns().items()}
    return [
        *(
            ScanTask(table=table, columns=columns)
            for table, columns in found.items()
            if table not in _OWN and table != AUDIT_EVENTS
        ),
        *_audit_tasks(target, found[AUDIT_EVENTS]),
    ]


def _audit_tasks(end: CloneSource, columns: tuple[str, ...]) -> list[ScanTask]:
    extent = end.audit_extent()
    chunks = end.chunks((extent.first or 1, extent.last or 0), _AUDIT_STEP)
    return [ScanTask(table=AUDIT_EVENTS, columns=columns, span=span) for span in chunks]
