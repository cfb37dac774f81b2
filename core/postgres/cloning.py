"""The two ends of a clone without persons."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from core.postgres import cloning_rows as rows
from core.postgres.blocking import BlockingConnection
from core.postgres.statements import NoParams

_NO_TEXTS: Final = frozenset(
    {
        "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "xid",
        "xid8", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "tstzrange",
        "daterange",
    }
)  # fmt: skip

Span = tuple[int, int]
"""Two numbers of audit rows, both included."""


class CloneSource:
    """One state of the database that is cloned."""

    def __init__(self, connection: BlockingConnection) -> None:
        """Take a connection that sees one state."""
        self._connection = connection

    def snapshot(self) -> rows.SnapshotRecord:
        """Name the state, so that other connections see it as well while this one is open."""
        found = self._connection.one(rows.BEGIN_SNAPSHOT, NoParams())
        if found is None:
            raise RuntimeError("the database named no snapshot")
        return found

    def columns(self) -> Mapping[str, frozenset[str]]:
        """Return the columns of every table of the service."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for record in self._connection.many(rows.LIST_TEXT_COLUMNS, NoParams()):
            found[record.table_name or ""].add(record.column_name or "")
        return {table: frozenset(columns) for table, columns in found.items()}

    def text_columns(self) -> Mapping[str, Sequence[str]]:
        """Return the columns that can hold a text: every type but those of numbers and times."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for record in self._connection.many(rows.LIST_TEXT_COLUMNS, NoParams()):
            if (record.type_name or "").lstrip("_") not in _NO_TEXTS:
                found[record.table_name or ""].append(record.column_name or "")
        return found

    def audit_extent(self) -> rows.ExtentRecord:
        """Tell how far the audit log reaches."""
        found = self._connection.one(rows.READ_AUDIT_EXTENT, NoParams())
        if found is None:
            raise RuntimeError("the database told no extent")
        return found

    def count(self, span: Span) -> int:
        """Count the audit rows between two numbers."""
        params = rows.RangeParams(first=span[0], last=span[1])
        found = self._connection.one(rows.COUNT_AUDIT_ROWS, params)
        return (found.row_count or 0) if found else 0

    def count_others(self) -> int:
        """Count the rows of all that is copied but the audit log."""
        found = self._connection.one(rows.COUNT_COPIED_ROWS, NoParams())
        return (found.row_count or 0) if found else 0

    def chunks(self, span: Span, step: int) -> list[Span]:
        """Divide a span into chunks of so many rows; together they cover it without a gap."""
        first, last = span
        params = rows.ChunkEndsParams(above=first - 1, up_to=last, step=step)
        found = self._connection.many(rows.LIST_CHUNK_ENDS, params)
        ends = [first - 1, *(record.sequence for record in found)]
        if ends[-1] < last:
            ends.append(last)
        return [(before + 1, end) for before, end in pairwise(ends)]

    def audit_texts(self, span: Span) -> Iterator[Sequence[str | None]]:
        """Yield the audit rows between two numbers, with salts, in the order of the record."""
        params = rows.RangeParams(first=span[0], last=span[1])
        return self._connection.copy_many(rows.READ_SALTED_ROWS, params)


class CloneTarget:
    """What the clone has already; the owner's connection."""

    def __init__(self, connection: BlockingConnection) -> None:
        """Take the connection."""
        self._connection = connection

    def done(self) -> Mapping[Span, int]:
        """Return the parts of the audit log that are there, and how many rows each has."""
        return {
            (record.first_sequence, record.last_sequence): record.row_count
            for record in self._connection.many(rows.LIST_CLONE_CHUNKS, NoParams())
        }

    def sequences(self, span: Span) -> frozenset[int]:
        """Return the numbers of the rows that are there."""
        params = rows.RangeParams(first=span[0], last=span[1])
        found = self._connection.many(rows.LIST_AUDIT_SEQUENCES, params)
        return frozenset(record.sequence for record in found)

    def note(self, span: Span, row_count: int) -> None:
        """Note a part; belongs into the transaction that copies it."""
        params = rows.ChunkParams(first=span[0], last=span[1], row_count=row_count)
        self._connection.execute(rows.NOTE_CLONE_CHUNK, params)

    def empty(self) -> None:
        """Remove everything that was copied but the audit log."""
        self._connection.execute(rows.EMPTY_COPIED_TABLES, NoParams())

    def advance_sequences(self) -> None:
        """Let new rows be numbered above those that were copied."""
        self._connection.one(rows.ADVANCE_SEQUENCES, NoParams())


def outside(span: Span, done: Iterable[Span]) -> list[Span]:
    """Return what is left of a span without the parts that are done."""
    left, first = [], span[0]
    for begin, end in sorted(done):
        if begin > first:
            left.append((first, min(begin - 1, span[1])))
        first = max(first, end + 1)
    if first <= span[1]:
        left.append((first, span[1]))
    return left
