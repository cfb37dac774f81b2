"""How long a migration keeps others waiting, and how often it tries.

Whoever waits for a table makes everyone who comes later wait behind it, readers included. A
migration therefore waits for a shorter time than those who serve do, lets them catch up, and tries
again. What builds or drops an index CONCURRENTLY lets others work while it waits, and would leave
an invalid index where it is broken off: it waits for as long as it takes.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypedDict

from alembic.runtime.migration import MigrationContext
from psycopg import Cursor, errors
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from core.postgres.schema import TablesInUse
from core.postgres.statements import Exec

LOCK_TIMEOUT_SECONDS: Final = 0.5
"""How long a statement waits for a table. Less than a call waits for a connection, all of which
may wait behind the migration (postgres.acquire_timeout_seconds), and less than PostgreSQL's
deadlock_timeout of 1 s, so that a migration that waits crosswise gives way before a call has to."""

TRIES: Final = 5
PAUSE_SECONDS: Final = 2.0
"""How long those who waited are left alone before the next try."""

_PATIENT: Final = re.compile(
    r"\b(CREATE\s+(UNIQUE\s+)?|DROP\s+)INDEX\s+CONCURRENTLY\b", re.IGNORECASE
)


class LockTimeoutParams(TypedDict):
    """A time as PostgreSQL's settings spell it."""

    lock_timeout: str


SET_LOCK_TIMEOUT: Final = Exec("migration", "set_lock_timeout", LockTimeoutParams)


def lock_timeout(seconds: float) -> LockTimeoutParams:
    """Return a bound for waits; 0 is none."""
    return LockTimeoutParams(lock_timeout=f"{round(seconds * 1000)}ms")


def in_short_waits(connection: Connection, migrate: Callable[[], None]) -> None:
    """Migrate; where a table is in use, try again a few times from the revision that is reached.

    Raises:
        TablesInUse: it was in use each time. Revisions before that one are done, nothing of it is.
    """
    with _concurrent_statements_wait(connection):
        for left in reversed(range(TRIES)):
            _set(connection, LOCK_TIMEOUT_SECONDS)
            try:
                migrate()
            except OperationalError as error:
                connection.rollback()
                if not isinstance(error.orig, errors.LockNotAvailable):
                    raise
                if not left:
                    raise TablesInUse(_what_is_done(connection)) from error
                time.sleep(PAUSE_SECONDS)
            else:
                return


def _what_is_done(connection: Connection) -> str:
    revision = MigrationContext.configure(connection).get_current_revision()
    return (
        f"tables were in use by others for {LOCK_TIMEOUT_SECONDS:g} s at each of {TRIES} tries;"
        f" the schema is at revision {revision or 'none'}, with nothing of the next one:"
        " run it again when long transactions have ended"
    )


def _set(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(SET_LOCK_TIMEOUT.text, dict(lock_timeout(seconds)))
    connection.commit()


@contextmanager
def _concurrent_statements_wait(connection: Connection) -> Iterator[None]:
    """Take the bound away for each statement that may wait, and put it back behind it."""

    def bound(cursor: Cursor[Any], statement: str, seconds: float) -> None:
        if _PATIENT.search(statement):
            cursor.connection.execute(SET_LOCK_TIMEOUT.text.encode(), lock_timeout(seconds))

    def before(_: Connection, cursor: Cursor[Any], statement: str, *_others: object) -> None:
        bound(cursor, statement, 0)

    def after(_: Connection, cursor: Cursor[Any], statement: str, *_others: object) -> None:
        bound(cursor, statement, LOCK_TIMEOUT_SECONDS)

    event.listen(connection, "before_cursor_execute", before)
    event.listen(connection, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", before)
        event.remove(connection, "after_cursor_execute", after)
