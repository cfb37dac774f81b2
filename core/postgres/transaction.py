"""One transaction on one connection of the pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import IsolationLevel
from psycopg.pq import TransactionStatus

from core.postgres.connection import AnswerDeadline, ServiceConnection
from core.postgres.errors import translate
from core.postgres.execution import ConnectionExecutor, UnitOfWorkMisused
from core.postgres.pool import Pool
from core.postgres.tracing import StatementSpans


class Transaction:
    """A transaction that ends with `commit`, or else is rolled back when its block is left."""

    def __init__(
        self, connection: ServiceConnection, spans: StatementSpans, *, answer_timeout_seconds: float
    ) -> None:
        """Take a connection that commits on demand."""
        self.executor = ConnectionExecutor(
            connection, spans, answer_timeout_seconds=answer_timeout_seconds
        )
        self._connection = connection
        self._spans = spans
        self._answer_timeout_seconds = answer_timeout_seconds

    async def commit(self) -> None:
        """Make everything durable.

        Raises:
            DependencyUnavailable: the server did not confirm; the outcome is not known.
            Conflict: another transaction came between; nothing was stored.
            UnitOfWorkMisused: a statement had failed, and nothing was stored.
        """
        if self._connection.pgconn.transaction_status == TransactionStatus.INERROR:
            # PostgreSQL would answer COMMIT with a rollback, and the driver would keep silent.
            raise UnitOfWorkMisused("the unit of work was aborted by a failed statement")
        span = self._spans.start("commit")
        try:
            with AnswerDeadline(self._connection, self._answer_timeout_seconds):
                await self._connection.commit()
        except psycopg.Error as error:
            self._spans.fail(span, error)
            raise translate(error, "commit") from None
        finally:
            span.end()


@asynccontextmanager
async def begin(pool: Pool, spans: StatementSpans) -> AsyncIterator[Transaction]:
    """Borrow a connection and open a transaction on it.

    Raises:
        DependencyUnavailable: there was no connection within the time allowed.
        ServerBusy: too many callers wait for one already.
    """
    async with pool.connection() as connection:
        await connection.set_autocommit(False)
        yield Transaction(
            connection, spans, answer_timeout_seconds=pool.options.answer_timeout_seconds
        )


@asynccontextmanager
async def snapshot(pool: Pool, spans: StatementSpans) -> AsyncIterator[ConnectionExecutor]:
    """Borrow a connection on which every read sees what was committed before the first one.

    Raises:
        DependencyUnavailable, ServerBusy: as `begin`.
    """
    async with pool.connection() as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        await connection.set_autocommit(False)
        try:
            yield ConnectionExecutor(
                connection, spans, answer_timeout_seconds=pool.options.answer_timeout_seconds
            )
        finally:
            with AnswerDeadline(connection, pool.options.answer_timeout_seconds):
                await _as_lent(connection)


async def _as_lent(connection: ServiceConnection) -> None:
    """Undo what a snapshot has set, or close the connection: the pool hands it out again."""
    try:
        await connection.rollback()
        await connection.set_isolation_level(None)
        await connection.set_read_only(None)
    except psycopg.Error:
        await connection.close()
