"""Named statements and COPY on one connection that waits: for commands that move many rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.rows import TupleRow, class_row

from core.postgres.connection import PostgresLogin, PostgresOptions, connection_parameters
from core.postgres.errors import translate
from core.postgres.statements import Exec, Many, One, ParamsT, RowT

_HOURS = 12 * 3600.0


class BlockingConnection:
    """Runs statements in the transaction that is open, or each in one of its own.

    Errors are the domain's, or StatementFailed.
    """

    def __init__(self, connection: "psycopg.Connection[TupleRow]") -> None:
        """Take a connection that nobody else uses at the same time."""
        self.raw = connection

    @classmethod
    def open(cls, options: PostgresOptions, login: PostgresLogin) -> "BlockingConnection":
        """Connect, without a limit to how long a statement may take.

        Raises:
            DependencyUnavailable: the server is out of reach, or refuses the login.
        """
        patient = replace(
            options,
            statement_timeout_seconds=_HOURS,
            idle_in_transaction_timeout_seconds=_HOURS,
        )
        with translated("connect"):
            parameters = connection_parameters(patient, login)
            return cls(psycopg.Connection.connect(**parameters))  # type: ignore[arg-type]

    @classmethod
    def open_snapshot(
        cls, options: PostgresOptions, login: PostgresLogin, snapshot: str | None
    ) -> "BlockingConnection":
        """Connect, and see one state of the database to the end: one that was exported, or now's.

        Raises:
            DependencyUnavailable: the server is out of reach, or refuses the login or the state.
        """
        opened = cls.open(options, login)
        with translated("set_snapshot"):
            opened.raw.isolation_level = IsolationLevel.REPEATABLE_READ
            opened.raw.read_only = True
            opened.raw.autocommit = False
            if snapshot is not None:
                opened.raw.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
            # Texts that COPY spells are read here, and by another server.
            opened.raw.execute("SET datestyle TO 'ISO, YMD'")
        return opened

    def close(self) -> None:
        """End the session; what was not committed is undone."""
        self.raw.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block, or undo everything."""
        with translated("transaction"), self.raw.transaction():
            yield

    def one(self, statement: One[ParamsT, RowT], params: ParamsT) -> RowT | None:
        """Return the row, or None where there is none."""
        with translated(statement.name):
            cursor = self.raw.cursor(row_factory=class_row(statement.row))
            return cursor.execute(statement.text, params, binary=True).fetchone()

    def many(self, statement: Many[ParamsT, RowT], params: ParamsT) -> Sequence[RowT]:
        """Return every row in the statement's order."""
        with translated(statement.name):
            cursor = self.raw.cursor(row_factory=class_row(statement.row))
            return cursor.execute(statement.text, params, binary=True).fetchall()

    def execute(self, statement: Exec[ParamsT], params: ParamsT) -> int:
        """Return how many rows were touched."""
        with translated(statement.name):
            return self.raw.execute(statement.text, params, binary=True).rowcount

    def copy_in(self, table: str, columns: Sequence[str], texts: Iterable[str]) -> None:
        """Add rows that come in COPY's text format, in pieces of any size."""
        command = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with translated(f"copy_into_{table}"), self.raw.cursor().copy(command) as copy:
            for text in texts:
                copy.write(text)

    def copy_out(
        self,
        table: str,
        columns: Sequence[str],
        *,
        between: tuple[str, int, int] | None = None,
    ) -> Iterator[Sequence[str | None]]:
        """Yield every row, each value as PostgreSQL spells it, without keeping any.

        `between` names a column and two numbers, both included: then only rows within are read.
        """
        # Not the table itself: it may have partitions.
        command = sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(table),
            sql.SQL("") if between is None else _within(*between),
        )
        with translated(f"copy_from_{table}"), self.raw.cursor().copy(command) as copy:
            yield from copy.rows()

    def copy_many(
        self, statement: Many[ParamsT, RowT], params: ParamsT
    ) -> Iterator[Sequence[str | None]]:
        """Yield a statement's rows in its columns' order, each value as PostgreSQL spells it."""
        text = statement.text.rstrip().removesuffix(";")
        # The server takes no parameters for COPY; the driver writes them into the statement.
        cursor = psycopg.ClientCursor(self.raw)
        with (
            translated(statement.name),
            cursor.copy(f"COPY (\n{text}\n) TO STDOUT".encode(), params) as copy,
        ):
            yield from copy.rows()


def _within(column: str, first: int, last: int) -> sql.Composed:
    return sql.SQL(" WHERE {} BETWEEN {} AND {}").format(sql.Identifier(column), first, last)


@contextmanager
def translated(statement: str) -> Iterator[None]:
    """Turn the driver's errors into the domain's."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, statement) from None
