"""Removes what has served, and lets one process at a time do it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict

import psycopg
from opentelemetry.trace import NoOpTracer

from core.domain.maintenance import Served
from core.postgres.connection import LoginSource, PostgresOptions, connect
from core.postgres.errors import unavailable
from core.postgres.execution import ConnectionExecutor
from core.postgres.pool import Pool
from core.postgres.statements import Exec, One
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import begin

LOCK_KEY = 0x6D61696E7461696E
"""The advisory lock of whoever maintains: «maintain»."""


class RemovalParams(TypedDict):
    """Until when rows must have served, and how many to remove."""

    before: datetime
    row_limit: int


class TurnParams(TypedDict):
    """The key of an advisory lock."""

    lock_key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """Whether the lock is ours."""

    is_taken: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEndRecord:
    """Whether the lock was ours."""

    was_taken: bool | None


REMOVE_PUBLISHED_EVENTS = Exec("served_rows", "remove_published_events", RemovalParams)
REMOVE_MAIL = Exec("served_rows", "remove_mail", RemovalParams)
REMOVE_ONE_TIME_TOKENS = Exec("served_rows", "remove_one_time_tokens", RemovalParams)
REMOVE_REFRESH_TOKENS = Exec("served_rows", "remove_refresh_tokens", RemovalParams)
REMOVE_MFA_CHALLENGES = Exec("served_rows", "remove_mfa_challenges", RemovalParams)
REMOVE_CONSUMED_EVENTS = Exec("served_rows", "remove_consumed_events", RemovalParams)
REMOVE_KEYED_ANSWERS = Exec("served_rows", "remove_keyed_answers", RemovalParams)
TAKE_MAINTENANCE_TURN = One("served_rows", "take_maintenance_turn", TurnParams, TurnRecord)
END_MAINTENANCE_TURN = One("served_rows", "end_maintenance_turn", TurnParams, TurnEndRecord)

_STATEMENTS: Mapping[Served, Exec[RemovalParams]] = MappingProxyType(
    {
        Served.PUBLISHED_EVENTS: REMOVE_PUBLISHED_EVENTS,
        Served.MAIL: REMOVE_MAIL,
        Served.ONE_TIME_TOKENS: REMOVE_ONE_TIME_TOKENS,
        Served.REFRESH_TOKENS: REMOVE_REFRESH_TOKENS,
        Served.MFA_CHALLENGES: REMOVE_MFA_CHALLENGES,
        Served.CONSUMED_EVENTS: REMOVE_CONSUMED_EVENTS,
        Served.KEYED_ANSWERS: REMOVE_KEYED_ANSWERS,
    }
)


class PostgresServedRows:
    """Implements the port ServedRows."""

    def __init__(self, pool: Pool, spans: StatementSpans) -> None:
        """Take the maintainer's pool."""
        self._pool = pool
        self._spans = spans

    async def remove(self, kind: Served, *, before: datetime, limit: int) -> int:
        """Remove one batch; return how many rows went."""
        params = RemovalParams(before=before, row_limit=limit)
        async with begin(self._pool, self._spans) as transaction:
            removed = await transaction.executor.execute(_STATEMENTS[kind], params)
            await transaction.commit()
        return removed


class PostgresMaintenanceTurn:
    """Implements the port MaintenanceTurn: a lock of a connection that does nothing else.

    It is let go with the connection, whatever becomes of the process.
    """

    def __init__(self, options: PostgresOptions, login_source: LoginSource) -> None:
        """Take where the server is, and whom to log in as."""
        self._options = options
        self._login_source = login_source
        self._spans = StatementSpans(NoOpTracer(), database=options.database)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[bool]:
        """Take the turn for as long as the block runs; False: somebody else has it."""
        try:
            connection = await connect(self._options, self._login_source)
        except psycopg.Error as error:
            raise unavailable(error) from error
        try:
            run = ConnectionExecutor(
                connection,
                self._spans,
                answer_timeout_seconds=self._options.answer_timeout_seconds,
            )
            params = TurnParams(lock_key=LOCK_KEY)
            record = await run.one(TAKE_MAINTENANCE_TURN, params)
            is_taken = bool(record and record.is_taken)
            yield is_taken
            if is_taken:
                # The server ends a closed session a moment later; who comes at once would be
                # sent away.
                await run.one(END_MAINTENANCE_TURN, params)
        finally:
            await connection.close()
