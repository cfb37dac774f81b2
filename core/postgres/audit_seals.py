"""The seals of the audit log in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
from opentelemetry.trace import NoOpTracer
from psycopg import IsolationLevel

from core.domain.audit_row_text import RowText
from core.domain.audit_seal import LogEnd, Seal, SignedHead, Window
from core.domain.errors import Conflict
from core.domain.ports.audit_seals import KeySignature, Sealing, SnapshotsForeign
from core.postgres import audit_seal_rows as rows
from core.postgres.connection import AnswerDeadline
from core.postgres.errors import StatementFailed
from core.postgres.execution import ReadExecutor
from core.postgres.pool import Pool
from core.postgres.statements import NoParams
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import Transaction

LOCK_KEY = 0x61756469745F7365
"""The advisory lock of whoever makes the next seal: «audit_se»."""

_UNIQUE_VIOLATION = "23505"

_SMALLEST = -(2**63)


class PostgresSealLog:
    """Implements the port SealLog. Nothing that it does takes a lock that a writer waits for."""

    def __init__(self, pool: Pool) -> None:
        """Take the pool to borrow from."""
        self._pool = pool
        # Spans of a few polls a second, most of which find nothing, would bury all others.
        self._spans = StatementSpans(NoOpTracer(), database=pool.options.database)
        self._reader = ReadExecutor(pool, self._spans)

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[Sealing | None]:
        """Open a transaction with one view of the log, and take the sealers' lock in it."""
        async with self._begin() as transaction:
            begun = await transaction.executor.one(
                rows.BEGIN_SEALING, rows.LockParams(lock_key=LOCK_KEY)
            )
            if begun is None or not begun.is_taken:
                yield None
                return
            record = await transaction.executor.one(rows.READ_LOG_END, NoParams())
            if record is not None and record.is_foreign:
                raise SnapshotsForeign(
                    f"seal {record.number} knows of transactions that this database has not begun"
                )
            end = LogEnd() if record is None else rows.to_end(record)
            yield _PostgresSealing(transaction, end, end.window(begun.snapshot))

    async def heads_from(self, number: int, *, limit: int) -> Sequence[SignedHead]:
        """Return the seals from a number on."""
        params = rows.HeadsParams(number=number, row_limit=limit)
        return [rows.to_head(record) for record in await self._reader.many(rows.READ_HEADS, params)]

    async def newest(self) -> SignedHead | None:
        """Return the newest seal."""
        record = await self._reader.one(rows.READ_NEWEST_HEAD, NoParams())
        return None if record is None else rows.to_head(record)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction that sees one state of the database to its end."""
        async with self._pool.connection() as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            await connection.set_autocommit(False)
            try:
                yield Transaction(
                    connection,
                    self._spans,
                    answer_timeout_seconds=self._pool.options.answer_timeout_seconds,
                )
            finally:
                # The pool hands connections out as it made them. One on which this fails is broken,
                # and the pool replaces it.
                deadline = AnswerDeadline(connection, self._pool.options.answer_timeout_seconds)
                with suppress(psycopg.Error), deadline:
                    await connection.rollback()
                    await connection.set_isolation_level(None)


class _PostgresSealing:
    """Implements the port Sealing in the transaction that holds the lock."""

    def __init__(self, transaction: Transaction, end: LogEnd, window: Window) -> None:
        self.end = end
        self.window = window
        self._transaction = transaction

    async def rows(self, *, limit: int) -> Sequence[RowText]:
        """Return the first rows of the window.

        A window from the beginning of time is the whole log, which is walked through by its key.
        """
        window, run = self.window, self._transaction.executor
        after = window.after
        if after is None and self.end.number == 0:
            after = _SMALLEST
        if after is None:
            params = rows.NewRowsParams(
                since=window.since, snapshot=window.snapshot, row_limit=limit
            )
            found = await run.many(rows.READ_NEW_ROWS, params)
        else:
            remaining = rows.RemainingRowsParams(
                since=window.since, snapshot=window.snapshot, row_limit=limit, after=after
            )
            found = await run.many(rows.READ_REMAINING_ROWS, remaining)
        return [rows.to_row_text(record) for record in found]

    async def commit(self, seal: Seal, signed: KeySignature) -> None:
        """Store the seal durably."""
        try:
            await self._transaction.executor.execute(rows.ADD_SEAL, rows.to_params(seal, signed))
        except StatementFailed as failure:
            # Whoever had the lock until a moment ago has made this seal.
            if failure.sqlstate == _UNIQUE_VIOLATION:
                raise Conflict from None
            raise
        await self._transaction.commit()
