"""What a process asks of its database before it works on it."""

from opentelemetry.trace import NoOpTracer

from core.postgres.database_origin import READ_ORIGIN, OriginRecord
from core.postgres.execution import Executor, ReadExecutor
from core.postgres.pool import Pool
from core.postgres.schema import require_schema
from core.postgres.statements import NoParams
from core.postgres.tracing import StatementSpans


async def read_origin(executor: Executor) -> OriginRecord | None:
    """Return what the database says of its rows; None: they are original."""
    return await executor.one(READ_ORIGIN, NoParams())


class PooledDatabase:
    """A database behind a pool that has been opened."""

    def __init__(self, pool: Pool) -> None:
        """Take the pool to borrow from."""
        spans = StatementSpans(NoOpTracer(), database=pool.options.database)
        self._executor = ReadExecutor(pool, spans)

    async def require_schema(self) -> None:
        """Return if the schema is new enough for this version of the service.

        Raises:
            SchemaBehind: it is not.
        """
        await require_schema(self._executor)

    async def origin(self) -> OriginRecord | None:
        """Return what the database says of its rows; None: they are original."""
        return await read_origin(self._executor)
