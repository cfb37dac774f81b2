"""The processes that copy a clone: each reads the one state of the source, and writes by COPY."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from core.bootstrap.data_clone_access import CloneAccess
from core.data.anonymization.rules import AUDIT_EVENTS, COPIED, rewriters
from core.data.audit_cells import audit_cells
from core.data.tables import ROWS_OF, Row, copy_text
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource, CloneTarget, Span
from core.postgres.database_origin import OriginDesk

_PIECE_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTask:
    """A whole table, or with a span a part of the audit log.

    Of a part that is known, because it is there, only what was committed since is added.
    """

    table: str
    span: Span | None = None
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How many rows a task has copied, and of which table."""

    table: str
    rows: int


class Copier:
    """What a process keeps between tasks."""

    def __init__(self, access: CloneAccess, snapshot: str) -> None:
        """Connect both ends."""
        reading = access.source
        self._source = BlockingConnection.open_snapshot(reading.options, reading.login, snapshot)
        self._target = BlockingConnection.open(access.target.options, access.target.login)
        self._anonymizer = access.anonymizer()
        self._rewriters = rewriters(self._anonymizer.pseudonyms)

    def copy(self, task: CopyTask) -> Copied:
        """Copy one part in one transaction."""
        with self._target.transaction():
            if task.span is None:
                return self.table(task.table)
            return self._part(task.span, is_known=task.is_known)

    def table(self, table: str) -> Copied:
        """Copy a table within the transaction that is open, row by row."""
        rules = COPIED[table]
        found = self._source.copy_out(table, list(rules))
        rows = 0

        def pieces() -> Iterator[str]:
            nonlocal rows
            rewriting = [self._rewriters[rule] for rule in rules.values()]
            while piece := list(islice(found, _PIECE_ROWS)):
                rows += len(piece)
                yield copy_text(_rewritten(row, rewriting) for row in piece)

        self._target.copy_in(table, list(rules), pieces())
        return Copied(table=table, rows=rows)

    def complete(self, table: str, *, at: datetime, snapshot_at: datetime | None) -> None:
        """Copy the last table, and with it note that the clone is complete."""
        with self._target.transaction():
            self.table(table)
            CloneTarget(self._target).advance_sequences()
            desk = OriginDesk(self._target)
            # No relay misses in the clone's stream what production published in its own.
            desk.trim_stream(f"{int(at.timestamp() * 1000)}-0", at)
            desk.complete(at, snapshot_at)
        self.close()

    def close(self) -> None:
        """End both sessions."""
        self._source.close()
        self._target.close()

    def _part(self, span: Span, *, is_known: bool) -> Copied:
        target, source = CloneTarget(self._target), CloneSource(self._source)
        known = target.sequences(span) if is_known else frozenset[int]()
        found = fresh = 0

        def pieces() -> Iterator[str]:
            nonlocal found, fresh
            rows = source.audit_texts(span)
            while piece := list(islice(rows, _PIECE_ROWS)):
                new = [row for row in piece if not known or int(row[0] or 0) not in known]
                found, fresh = found + len(piece), fresh + len(new)
                yield copy_text(self._audit_row(row) for row in new)

        self._target.copy_in(AUDIT_EVENTS, ROWS_OF[AUDIT_EVENTS], pieces())
        target.note(span, found)
        return Copied(table=AUDIT_EVENTS, rows=fresh)

    def _audit_row(self, row: Sequence[str | None]) -> Row:
        return audit_cells(row[0] or "", self._anonymizer.anonymous(row))


def _rewritten(row: Sequence[str | None], rewriting: Sequence[Callable[[str], str]]) -> Row:
    return tuple(
        None if cell is None else rewrite(cell)
        for cell, rewrite in zip(row, rewriting, strict=True)
    )


_copier: Copier | None = None
"""This process's own, once it has begun."""


def begin_copying(access: CloneAccess, snapshot: str) -> None:
    """Begin a process that copies."""
    global _copier  # noqa: PLW0603 - a pool's process has no other place for what it keeps
    _copier = Copier(access, snapshot)


def copy_part(task: CopyTask) -> Copied:
    """Copy one part."""
    if _copier is None:
        raise RuntimeError("the process has not begun")
    return _copier.copy(task)
