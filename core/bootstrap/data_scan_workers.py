"""The processes of a scan: they gather originals, sort them, and look through the clone."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.bootstrap.data_clone_access import CloneAccess
from core.data.anonymization.rules import AUDIT_EVENTS, COPIED
from core.data.audit_texts import opened
from core.data.scanning.digests import Digests
from core.data.scanning.known_values import KnownValues, sort_part
from core.data.scanning.originals import VOCABULARY, in_audit_row, in_rows, searched
from core.data.scanning.originals_file import OriginalsFile
from core.data.scanning.search import Search
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource, Span

_OPENED: Final = ("reason", "ip_address", "user_agent")
_ROWS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlace:
    """What every process of a scan shares: the states of both ends, a folder, and a key."""

    access: CloneAccess
    source_snapshot: str
    target_snapshot: str
    folder: Path
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTask:
    """A table with the columns to read; of the audit log a part."""

    table: str
    columns: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What came of a task; `rows` are those of the audit log."""

    rows: int = 0
    originals: int = 0
    cells: int = 0
    hits: dict[str, int] = field(default_factory=dict)


class Scanner:
    """What a process keeps between tasks."""

    def __init__(self, place: ScanPlace) -> None:
        """Take what is shared; connect to an end when it is needed."""
        self._place = place
        self._digests = Digests(place.key)
        self._texts = {"source": place.access.source.texts, "target": place.access.target.texts}
        self._ends: dict[str, BlockingConnection] = {}
        self._file = OriginalsFile(place.folder, str(os.getpid()), self._digests, VOCABULARY)
        self._known: KnownValues | None = None
        self._search: Search | None = None

    def gather(self, task: ScanTask) -> Scanned:
        """Write down the originals of one task."""
        source, rows = self._end("source"), 0
        with self._file as file:
            add = file.add
            if task.span is None:
                rules = COPIED[task.table]
                for values in in_rows(rules, source.copy_out(task.table, searched(rules))):
                    for value in values:
                        add(value)
            else:
                for row in CloneSource(source).audit_texts(task.span):
                    rows += 1
                    for value in in_audit_row(opened(row, self._texts["source"])):
                        add(value)
        return Scanned(rows=rows, originals=file.originals)

    def sort(self, part: int) -> int:
        """Make a part of the originals ready to be looked up."""
        return sort_part(self._place.folder, part)

    def look(self, task: ScanTask) -> Scanned:
        """Look through what one task names."""
        if self._search is None:
            self._known = KnownValues(self._place.folder)
            self._search = Search(self._known, self._digests)
        search, target, rows = self._search, self._end("target"), 0
        search.begin()
        span = task.span
        between = None if span is None else ("sequence", *span)
        places = [f"{task.table}.{column}" for column in task.columns]
        for batch in _batches(target.copy_out(task.table, task.columns, between=between)):
            for place, cells in zip(places, zip(*batch, strict=True), strict=True):
                search.look(place, cells)
        if span is not None:
            # What the clone's own key opens must be looked at open.
            for row in CloneSource(target).audit_texts(span):
                rows += 1
                said = opened(row, self._texts["target"])
                for name in _OPENED:
                    search.look(f"{AUDIT_EVENTS}.{name}", (getattr(said, name),))
        return Scanned(rows=rows, cells=search.cells, hits=dict(search.hits))

    def close(self) -> None:
        """End the sessions, and let the files go."""
        for connection in self._ends.values():
            connection.close()
        if self._known is not None:
            self._known.close()

    def _end(self, name: str) -> BlockingConnection:
        if name not in self._ends:
            place = self._place
            is_source = name == "source"
            end = place.access.source if is_source else place.access.target
            snapshot = place.source_snapshot if is_source else place.target_snapshot
            self._ends[name] = BlockingConnection.open_snapshot(end.options, end.login, snapshot)
        return self._ends[name]


def _batches(rows: Iterable[Sequence[str | None]]) -> Iterator[list[Sequence[str | None]]]:
    batch: list[Sequence[str | None]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


_scanner: Scanner | None = None
"""This process's own, once it has begun."""


def begin_scanning(place: ScanPlace) -> None:
    """Begin a process that scans."""
    global _scanner  # noqa: PLW0603 - a pool's process has no other place for what it keeps
    _scanner = Scanner(place)


def end_scanning() -> None:
    """Close what this process has open, if it has scanned."""
    global _scanner  # noqa: PLW0603 - see above
    if _scanner is not None:
        _scanner.close()
        _scanner = None


def gather_part(task: ScanTask) -> Scanned:
    """Gather the originals of one task."""
    return _own().gather(task)


def sort_originals(part: int) -> int:
    """Sort one part of the originals."""
    return _own().sort(part)


def look_through(task: ScanTask) -> Scanned:
    """Look through what one task names."""
    return _own().look(task)


def _own() -> Scanner:
    if _scanner is None:
        raise RuntimeError("the process has not begun")
    return _scanner
