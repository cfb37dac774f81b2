"""The pool of connections, made to forget a server's absence as soon as it is over."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from time import monotonic

import psycopg
from psycopg_pool import AsyncConnectionPool

from core.postgres.connection import (
    AnswerDeadline,
    LoginSource,
    PostgresOptions,
    ServiceConnection,
    connect,
    connection_parameters,
    is_idle,
    is_usable,
)
from core.postgres.errors import DEPENDENCY, translate, unavailable

_RECONNECT_SECONDS = 0.5
"""How long the pool tries on its own to replace a connection that it lost.

After that it connects when somebody asks for a connection. Longer attempts would space out in
time, and a server that has returned would be found late.
"""

_CLOSE_TIMEOUT_SECONDS = 5.0


class Pool:
    """Hands out connections and takes them back; every error is the domain's."""

    def __init__(self, options: PostgresOptions, login_source: LoginSource) -> None:
        """Define the pool; `open` connects."""
        self.options = options
        self._login_source = login_source
        self._pool = AsyncConnectionPool(
            connection_class=ServiceConnection,
            kwargs=self._parameters,
            min_size=options.pool_min_size,
            max_size=options.pool_max_size,
            max_waiting=options.max_waiting,
            max_lifetime=options.connection_lifetime_seconds,
            reconnect_timeout=_RECONNECT_SECONDS,
            open=False,
            name=DEPENDENCY,
        )

    async def open(self) -> None:
        """Connect, and fill the pool in the background.

        Raises:
            DependencyUnavailable: the first connection failed; its cause says why.
        """
        try:
            first = await connect(self.options, self._login_source)
        except psycopg.Error as error:
            raise unavailable(error) from error
        await first.close()
        await self._pool.open()

    async def close(self) -> None:
        """Close every connection that is not in use, and the others when they come back."""
        await self._pool.close(timeout=_CLOSE_TIMEOUT_SECONDS)

    async def renew(self) -> None:
        """Replace every connection, for example because the password was rotated."""
        await self._pool.drain()

    def measures(self) -> Mapping[str, int]:
        """Return counters and gauges of the pool by psycopg_pool's names (`get_stats`)."""
        return self._pool.get_stats()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[ServiceConnection]:
        """Lend a connection in autocommit mode, outside any transaction.

        Raises:
            DependencyUnavailable: there was none within the time allowed.
            ServerBusy: too many callers wait already.
        """
        connection = await self._acquire()
        try:
            yield connection
        finally:
            await self._release(connection)

    async def _acquire(self) -> ServiceConnection:
        deadline = monotonic() + self.options.acquire_timeout_seconds
        while True:
            try:
                connection = await self._pool.getconn(timeout=deadline - monotonic())
            except psycopg.Error as error:
                raise translate(error, "acquire") from None
            if is_usable(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)

    async def _release(self, connection: ServiceConnection) -> None:
        """Return the connection as it was lent, or closed, so that the pool replaces it."""
        try:
            if not is_idle(connection):
                await self._roll_back(connection)
            if not connection.autocommit and not connection.closed:
                await connection.set_autocommit(True)
        finally:
            if not is_idle(connection):
                await connection.close()
            await self._pool.putconn(connection)

    async def _roll_back(self, connection: ServiceConnection) -> None:
        # A connection on which even this fails holds no transaction any more on either side.
        with (
            suppress(psycopg.Error),
            AnswerDeadline(connection, self.options.answer_timeout_seconds),
        ):
            await connection.rollback()

    async def _parameters(self) -> dict[str, object]:
        return connection_parameters(self.options, await self._login_source())
