"""The processes that look for originals in a clone: each sees the one state of both databases."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from core.bootstrap.data_clone_access import CloneAccess
from core.bootstrap.data_clone_workers import source_row
from core.data.anonymization.audit_rows import AuditAnonymizer
from core.data.anonymization.rules import COPIED
from core.data.scanning.originals import VOCABULARY, PersonalValues
from core.data.scanning.search import Search, Seen
from core.data.scanning.value_filter import ValueFilter
from core.domain.audit import AuditEntry
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource, Span

_ROWS_AT_ONCE: Final = 1000
_OPENED: Final = ("reason", "ip_address", "user_agent")
_PROBE: Final = "every process must hash alike"


class Phase(StrEnum):
    """What is done with a part of a database."""

    GATHER = "originals gathered"
    LOOK = "rows of the clone opened"
    CONFIRM = "originals compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """What the processes of a phase begin with; `known` is the filter that all look with."""

    phase: Phase
    source_state: str
    target_state: str
    folder: Path
    expected: int
    known: Path | None = None
    candidates: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table with its columns, or the rows of the audit log between two numbers."""

    table: str | None = None
    columns: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What became of a part. `probe` tells whether all processes hash alike."""

    audit_rows: int
    probe: int
    filter_file: Path
    originals: int = 0
    seen: Seen | None = None
    confirmed: frozenset[str] = field(default=frozenset(), repr=False)


class Scanner:
    """What a process keeps between parts."""

    def __init__(self, access: CloneAccess, plan: ScanPlan) -> None:
        """Connect both ends, and open a filter: the one that all know, or an own one."""
        self._plan = plan
        source, target = access.source, access.target
        self._source = BlockingConnection.open_snapshot(
            source.options, source.login, plan.source_state
        )
        self._target = BlockingConnection.open_snapshot(
            target.options, target.login, plan.target_state
        )
        self._anonymizer = access.anonymizer()
        self._own = AuditAnonymizer(
            pseudonyms=access.pseudonyms(), source=target.texts, target=target.texts
        )
        self._values = PersonalValues(access.pseudonyms())
        self._file = plan.known or _new_file(plan.folder)
        self._search = Search(ValueFilter.in_file(self._file, plan.expected), VOCABULARY)

    def close(self) -> None:
        """End both sessions."""
        self._source.close()
        self._target.close()

    def scan(self, part: Part) -> Scanned:
        """Do with one part what the phase is about."""
        match self._plan.phase:
            case Phase.GATHER:
                rows, originals = self._originals(part)
                return self._scanned(rows, originals=self._search.gather(originals))
            case Phase.LOOK:
                rows, seen = self._look(part)
                return self._scanned(rows, seen=seen)
            case Phase.CONFIRM:
                rows, originals = self._originals(part)
                confirmed = self._search.confirm(self._plan.candidates, originals)
                return self._scanned(rows, confirmed=frozenset(confirmed))

    def _scanned(
        self,
        audit_rows: int,
        *,
        originals: int = 0,
        seen: Seen | None = None,
        confirmed: frozenset[str] = frozenset(),
    ) -> Scanned:
        return Scanned(
            audit_rows=audit_rows,
            probe=hash(_PROBE),
            filter_file=self._file,
            originals=originals,
            seen=seen,
            confirmed=confirmed,
        )

    def _originals(self, part: Part) -> tuple[int, Iterable[str]]:
        """Return how many audit rows a part of the source has, and its original values."""
        if part.span is None:
            rules, table = COPIED[part.table or ""], part.table or ""
            found = self._source.copy_out(table, self._values.columns(rules))
            return 0, self._values.in_rows(rules, found)
        entries = _entries(self._source, self._anonymizer, part.span)
        return len(entries), (
            value
            for entry in entries
            for value in self._values.in_entry(entry, self._anonymizer.changed(entry))
        )

    def _look(self, part: Part) -> tuple[int, Seen]:
        seen = Seen()
        if part.span is None:
            rows = self._target.copy_out(part.table or "", part.columns)
            while batch := list(islice(rows, _ROWS_AT_ONCE)):
                for place, column in enumerate(part.columns):
                    cells = (row[place] for row in batch)
                    seen.add(self._search.look(f"{part.table}.{column}", cells))
            return 0, seen
        # What the clone's own key opens must be looked at open.
        entries = _entries(self._target, self._own, part.span)
        for name in _OPENED:
            cells = (getattr(entry, name) for entry in entries)
            seen.add(self._search.look(f"audit_events.{name}", cells))
        return len(entries), seen


def _new_file(folder: Path) -> Path:
    descriptor, name = mkstemp(dir=folder, prefix="filter-")
    os.close(descriptor)
    return Path(name)


def _entries(
    connection: BlockingConnection, anonymizer: AuditAnonymizer, span: Span
) -> Sequence[AuditEntry]:
    """Return what the rows of an audit log say, opened with the anonymizer's first keys."""
    records = CloneSource(connection).audit_rows(span)
    return [anonymizer.opened(source_row(record)) for record in records]


def parts_of(spans: Iterable[Span], tables: Iterable[Part]) -> Iterator[Part]:
    """Yield the tables, which take long, before the parts of the audit log, which fill gaps."""
    yield from tables
    for span in spans:
        yield Part(span=span)


_scanner: Scanner | None = None
"""This process's own, once it has begun."""


def begin_scanning(access: CloneAccess, plan: ScanPlan) -> None:
    """Begin a process that scans; one that goes on with another phase begins anew."""
    global _scanner  # noqa: PLW0603 - a pool's process has no other place for what it keeps
    end_scanning()
    _scanner = Scanner(access, plan)


def end_scanning() -> None:
    """Give back what a process keeps, where it does not end with its phase."""
    if _scanner is not None:
        _scanner.close()


def scan_part(part: Part) -> Scanned:
    """Scan one part."""
    if _scanner is None:
        raise RuntimeError("the process has not begun")
    return _scanner.scan(part)
