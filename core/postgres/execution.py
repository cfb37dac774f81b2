"""Runs named statements, inside a transaction or each on its own."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import AsyncCursor
from psycopg.rows import AsyncRowFactory, tuple_row

from core.postgres.connection import AnswerDeadline, ServiceConnection
from core.postgres.errors import translate
from core.postgres.pool import Pool
from core.postgres.statements import Exec, Many, One, ParamsT, RowT, Statement
from core.postgres.tracing import StatementSpans

CursorRow = TypeVar("CursorRow")


class UnitOfWorkMisused(RuntimeError):
    """A statement came where it does not belong: a defect of the caller."""


class Executor(Protocol):
    """Runs statements. Errors are the domain's, or StatementFailed."""

    async def one(self, statement: One[ParamsT, RowT], params: ParamsT) -> RowT | None:
        """Return the row, or None where there is none."""
        ...

    async def many(self, statement: Many[ParamsT, RowT], params: ParamsT) -> Sequence[RowT]:
        """Return every row in the statement's order."""
        ...

    async def execute(self, statement: Exec[ParamsT], params: ParamsT) -> int:
        """Return how many rows were touched."""
        ...


class ConnectionExecutor:
    """Runs statements on one connection, in whatever transaction it is in."""

    def __init__(
        self, connection: ServiceConnection, spans: StatementSpans, *, answer_timeout_seconds: float
    ) -> None:
        """Take a connection that nobody else uses at the same time."""
        self._connection = connection
        self._spans = spans
        self._answer_timeout_seconds = answer_timeout_seconds

    async def one(self, statement: One[ParamsT, RowT], params: ParamsT) -> RowT | None:
        """Return the row, or None where there is none."""
        rows, _ = await self._run(statement, params, _records(statement.row))  # type: ignore[arg-type]
        if len(rows) > 1:
            raise UnitOfWorkMisused(f"statement {statement.name} answered {len(rows)} rows")
        return rows[0] if rows else None

    async def many(self, statement: Many[ParamsT, RowT], params: ParamsT) -> Sequence[RowT]:
        """Return every row in the statement's order."""
        rows, _ = await self._run(statement, params, _records(statement.row))  # type: ignore[arg-type]
        return rows

    async def execute(self, statement: Exec[ParamsT], params: ParamsT) -> int:
        """Return how many rows were touched."""
        _, touched = await self._run(statement, params, tuple_row)
        return touched

    async def _run(
        self,
        statement: Statement[ParamsT],
        params: ParamsT,
        row_factory: AsyncRowFactory[CursorRow],
    ) -> tuple[list[CursorRow], int]:
        span = self._spans.start(statement.name)
        try:
            with AnswerDeadline(self._connection, self._answer_timeout_seconds):
                cursor = AsyncCursor(self._connection, row_factory=row_factory)
                await cursor.execute(
                    statement.text,
                    params,
                    prepare=None if statement.prepared else False,
                    binary=True,
                )
                # Not `description`: that makes an object for every column of every answer.
                result = cursor.pgresult
                rows = await cursor.fetchall() if result is not None and result.nfields else []
                return rows, cursor.rowcount
        except psycopg.Error as error:
            self._spans.fail(span, error)
            raise translate(error, statement.name) from None
        except BaseException as error:
            self._spans.fail(span, error)
            raise
        finally:
            span.end()


class OpenExecutor:
    """Passes statements on until its unit of work has ended."""

    def __init__(self, executor: Executor) -> None:
        """Take the executor of the transaction."""
        self._executor = executor
        self._end: str | None = None

    def end(self, how: str) -> None:
        """Refuse every later statement, and say how the unit of work ended."""
        self._end = how

    def require_open(self) -> None:
        """Let pass as long as the unit of work has not ended.

        Raises:
            UnitOfWorkMisused: it has.
        """
        if self._end is not None:
            raise UnitOfWorkMisused(f"the unit of work {self._end}")

    async def one(self, statement: One[ParamsT, RowT], params: ParamsT) -> RowT | None:
        """Return the row, or None where there is none."""
        self.require_open()
        return await self._executor.one(statement, params)

    async def many(self, statement: Many[ParamsT, RowT], params: ParamsT) -> Sequence[RowT]:
        """Return every row in the statement's order."""
        self.require_open()
        return await self._executor.many(statement, params)

    async def execute(self, statement: Exec[ParamsT], params: ParamsT) -> int:
        """Return how many rows were touched."""
        self.require_open()
        return await self._executor.execute(statement, params)


class ReadExecutor:
    """Runs each statement on a connection that it borrows for it alone, outside transactions."""

    def __init__(self, pool: Pool, spans: StatementSpans) -> None:
        """Take the pool to borrow from."""
        self._pool = pool
        self._spans = spans

    async def one(self, statement: One[ParamsT, RowT], params: ParamsT) -> RowT | None:
        """Return the row, or None where there is none."""
        _refuse_change(statement)
        async with self._pool.connection() as connection:
            return await self._on(connection).one(statement, params)

    async def many(self, statement: Many[ParamsT, RowT], params: ParamsT) -> Sequence[RowT]:
        """Return every row in the statement's order."""
        _refuse_change(statement)
        async with self._pool.connection() as connection:
            return await self._on(connection).many(statement, params)

    async def execute(self, statement: Exec[ParamsT], params: ParamsT) -> int:  # noqa: ARG002 - the protocol's signature
        """Refuse: what answers no rows changes something or holds a lock."""
        raise UnitOfWorkMisused(f"{statement.name}: only a unit of work can do this")

    def _on(self, connection: ServiceConnection) -> ConnectionExecutor:
        return ConnectionExecutor(
            connection,
            self._spans,
            answer_timeout_seconds=self._pool.options.answer_timeout_seconds,
        )


@cache
def _records(record: type[RowT]) -> AsyncRowFactory[RowT]:
    """Return what makes records of rows, whose columns stand in the order of the fields.

    psycopg's `class_row` asks for the names of the columns with every answer; `make sqlc` has
    compared them.
    """
    names = tuple(field.name for field in fields(record))  # type: ignore[arg-type]

    def record_of(values: Sequence[Any]) -> RowT:
        return record(**dict(zip(names, values, strict=True)))

    def factory(_cursor: AsyncCursor[Any]) -> Callable[[Sequence[Any]], RowT]:
        return record_of

    return factory


def _refuse_change(statement: Statement[ParamsT]) -> None:
    if statement.changes:
        raise UnitOfWorkMisused(f"{statement.name}: only a unit of work can do this")
