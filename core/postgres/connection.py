"""Connections to the server: their parameters, their time limits, and how they are given up."""

import asyncio
import os
import select
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

_CANCEL_TIMEOUT_SECONDS = 1.0
"""How long to ask a server to stop a statement that nobody waits for any more."""

_BROKEN_OR_TALKING = select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresLogin:
    """The role that the service works as."""

    username: str
    password: str = field(repr=False)


LoginSource = Callable[[], Awaitable[PostgresLogin]]
"""Asked for every new connection, so that a password that has been rotated is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresOptions:
    """Where the server is, and how long to wait for what.

    `libpq` holds further connection parameters by libpq's names, such as `sslmode`. A pool of
    `max_waiting` callers who wait for a connection refuses the next one at once.
    """

    host: str
    port: int
    database: str
    application_name: str = "pandora-user-service"
    pool_min_size: int = 2
    pool_max_size: int = 10
    max_waiting: int = 1000
    connect_timeout_seconds: float = 5.0
    acquire_timeout_seconds: float = 2.0
    statement_timeout_seconds: float = 5.0
    lock_timeout_seconds: float = 3.0
    idle_in_transaction_timeout_seconds: float = 10.0
    connection_lifetime_seconds: float = 1800.0
    libpq: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer_timeout_seconds(self) -> float:
        """How long to wait for a server that does not even say that a statement took too long."""
        return self.statement_timeout_seconds + 1.0


class ServiceConnection(AsyncConnection[TupleRow]):
    """A connection that does not wait long for a server that has stopped answering."""

    async def cancel_safe(self, *, timeout: float = _CANCEL_TIMEOUT_SECONDS) -> None:  # noqa: ASYNC109 - the driver's signature
        """Ask the server to stop the running statement; the driver calls it on cancellation."""
        await super().cancel_safe(timeout=min(timeout, _CANCEL_TIMEOUT_SECONDS))


def connection_parameters(options: PostgresOptions, login: PostgresLogin) -> dict[str, object]:
    """Return the keyword arguments of a connection: libpq's parameters and the driver's own."""
    return {
        "host": options.host,
        "port": options.port,
        "dbname": options.database,
        "user": login.username,
        "password": login.password,
        "application_name": options.application_name,
        "connect_timeout": max(2, round(options.connect_timeout_seconds)),  # libpq's least is 2
        "options": _server_settings(options),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "autocommit": True,
        **options.libpq,
    }


def _server_settings(options: PostgresOptions) -> str:
    limits = {
        "statement_timeout": options.statement_timeout_seconds,
        "lock_timeout": options.lock_timeout_seconds,
        "idle_in_transaction_session_timeout": options.idle_in_transaction_timeout_seconds,
    }
    settings = [f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items()]
    return " ".join(["-c timezone=UTC", *settings])


def is_usable(connection: ServiceConnection) -> bool:
    """Tell, without a round trip, whether an idle connection is worth handing out.

    A server that goes away leaves something to read on the socket: a last message or the end.
    An idle connection has nothing else to say, so one that talks is not used any more.
    """
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), _BROKEN_OR_TALKING)
    return not poll.poll(0)


class AnswerDeadline:
    """Cuts the connection when the server has not answered in time.

    The server's own time limits end a slow statement; this ends the wait for a server that is
    stopped, or behind a network that swallows everything. The driver then sees a broken socket
    and says so at once, whereas a cancelled task would first ask that very server for leave.
    """

    __slots__ = ("_connection", "_seconds", "_timer")

    def __init__(self, connection: ServiceConnection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def __enter__(self) -> None:
        """Start the clock."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._cut)

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _cut(self) -> None:
        if self._connection.closed:
            return
        with socket.socket(fileno=os.dup(self._connection.fileno())) as shared:
            shared.shutdown(socket.SHUT_RDWR)


async def connect(options: PostgresOptions, login_source: LoginSource) -> ServiceConnection:
    """Open a connection of one's own, outside the pool.

    Raises:
        psycopg.OperationalError: the server is out of reach or refuses the login.
    """
    login = await login_source()
    return await ServiceConnection.connect(**connection_parameters(options, login))  # type: ignore[arg-type]


def is_idle(connection: ServiceConnection) -> bool:
    """Tell whether the connection is alive and outside any transaction."""
    return connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE
