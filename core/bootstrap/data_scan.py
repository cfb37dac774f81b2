"""Looking for values of the source in a clone, column by column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.bootstrap.data_clone_access import CloneAccess
from core.bootstrap.data_clone_workers import source_row
from core.bootstrap.data_progress import Progress
from core.bootstrap.refusals import OperationRefused
from core.data.anonymization.audit_rows import AuditAnonymizer
from core.data.anonymization.rules import COPIED
from core.data.scanning.originals import VOCABULARY, PersonalValues
from core.data.scanning.search import ScanReport, Search
from core.domain.audit import AuditEntry
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource

_AUDIT_STEP: Final = 5000
_ROWS_AT_ONCE: Final = 1000
_VALUES_OF_A_ROW: Final = 7
"""How many originals an audit row holds, more or less."""

_OPENED: Final = ("reason", "ip_address", "user_agent")

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


def scan(access: CloneAccess) -> Finding:
    """Look through every text of the clone; blocks until it is done. Memory: 3 bytes a value."""
    source = BlockingConnection.open_snapshot(access.source.options, access.source.login, None)
    target = BlockingConnection.open_snapshot(access.target.options, access.target.login, None)
    try:
        originals = _Originals(source, access)
        rows = CloneSource(source).audit_extent().row_count or 0
        search = Search((rows + 1000) * 2 * _VALUES_OF_A_ROW, VOCABULARY)
        search.gather(originals.read("originals gathered"))
        _look(search, target, access)
        report = search.confirmed(lambda: originals.read("originals compared"))
    finally:
        target.close()
        source.close()
    return Finding(report=report)


class _Originals:
    """Reads every original value of the source."""

    def __init__(self, connection: BlockingConnection, access: CloneAccess) -> None:
        self._connection = connection
        self._anonymizer = access.anonymizer()
        self._values = PersonalValues(access.pseudonyms())

    def read(self, words: str) -> Iterator[str]:
        values, connection = self._values, self._connection
        present = CloneSource(connection).columns()
        for table, rules in COPIED.items():
            columns = values.columns(rules)
            if table in present and columns:
                yield from values.in_rows(rules, connection.copy_out(table, columns))
        for entry in _entries(connection, self._anonymizer, words):
            yield from values.in_entry(entry, self._anonymizer.changed(entry))


def _entries(
    connection: BlockingConnection, anonymizer: AuditAnonymizer, words: str
) -> Iterator[AuditEntry]:
    """Yield what the rows of an audit log say, opened with the anonymizer's first keys."""
    source = CloneSource(connection)
    extent = source.audit_extent()
    progress = Progress(words, extent.row_count or 0)
    for chunk in source.chunks((extent.first or 1, extent.last or 0), _AUDIT_STEP):
        records = source.audit_rows(chunk)
        for record in records:
            yield anonymizer.opened(source_row(record))
        progress.advance(len(records))
    progress.end()


def _look(search: Search, target: BlockingConnection, access: CloneAccess) -> None:
    own = AuditAnonymizer(
        pseudonyms=access.pseudonyms(), source=access.target.texts, target=access.target.texts
    )
    for table, columns in CloneSource(target).text_columns().items():
        if table in _OWN:
            continue
        for rows in _batches(target.copy_out(table, columns)):
            for place, column in enumerate(columns):
                search.look(f"{table}.{column}", (row[place] for row in rows))
    # What the clone's own key opens must be looked at open.
    for entry in _entries(target, own, "rows of the clone opened"):
        for name in _OPENED:
            search.look(f"audit_events.{name}", (getattr(entry, name),))


def _batches(rows: Iterator[Sequence[str | None]]) -> Iterator[list[Sequence[str | None]]]:
    batch: list[Sequence[str | None]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
