"""Asks the server whether it is there, on a connection of its own.

The pool may be busy while the server is well, so the question does not queue there.
"""

import asyncio
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from core.domain.errors import DependencyUnavailable
from core.postgres.connection import (
    AnswerDeadline,
    LoginSource,
    PostgresOptions,
    ServiceConnection,
    connect,
    is_idle,
    is_usable,
)
from core.postgres.errors import DEPENDENCY, unavailable
from core.postgres.statements import NoParams, One


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What the server says of itself."""

    in_recovery: bool


PROBE_SERVER = One("health", "probe_server", NoParams, ServerState)


class Probe:
    """Keeps one connection and asks on it; one question at a time."""

    def __init__(self, options: PostgresOptions, login_source: LoginSource) -> None:
        """Define the probe; the first `ping` connects."""
        self._options = options
        self._login_source = login_source
        self._connection: ServiceConnection | None = None
        self._asking = asyncio.Lock()

    async def ping(self, timeout_seconds: float) -> None:
        """Return when the server has answered that it takes writes.

        Raises:
            DependencyUnavailable: it has not within the time given; its cause says more.
        """
        try:
            async with asyncio.timeout(timeout_seconds), self._asking:
                in_recovery = await self._ask(timeout_seconds)
        except (psycopg.Error, TimeoutError) as error:
            raise unavailable(error) from error
        if in_recovery:
            raise DependencyUnavailable(DEPENDENCY, detail="in recovery")

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def renew(self) -> None:
        """Connect anew for the next question; one that is under way is answered first."""
        async with self._asking:
            await self.close()

    async def _ask(self, timeout_seconds: float) -> bool:
        connection = await self._connected()
        try:
            # Cut before the caller's patience ends: a cancelled query would first be negotiated
            # about with the very server that does not answer.
            with AnswerDeadline(connection, timeout_seconds * 0.9):
                cursor = connection.cursor(row_factory=class_row(PROBE_SERVER.row))
                await cursor.execute(PROBE_SERVER.text, NoParams(), prepare=False)
                state = await cursor.fetchone()
        finally:
            if not is_idle(connection):
                await self.close()
        return state is None or state.in_recovery

    async def _connected(self) -> ServiceConnection:
        if self._connection is not None and not is_usable(self._connection):
            await self.close()
        if self._connection is None:
            self._connection = await connect(self._options, self._login_source)
        return self._connection
