"""Runs the migrations, one process at a time.

Alembic and SQLAlchemy serve this module alone; the service itself speaks psycopg.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

import core
from core.postgres.migration_locks import SET_LOCK_TIMEOUT, in_short_waits, lock_timeout
from core.postgres.statements import Exec, ParamsT

_SCRIPTS = Path(core.__file__).resolve().parent.parent / "migrations"

_TURN_KEY = 0x70616E646F7261
"""Any number that nothing else in this database takes as the key of an advisory lock."""

TURN_TIMEOUT_SECONDS = 120
"""How long a migration waits for another one to end."""

CONNECT_TIMEOUT_SECONDS = 10


class _TurnParams(TypedDict):
    """The key of the advisory lock."""

    key: int


TAKE_TURN = Exec("migration", "take_migration_turn", _TurnParams)
END_TURN = Exec("migration", "end_migration_turn", _TurnParams)


def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the schema up to a revision, as the owner whom the DSN names. Safe to repeat.

    Raises:
        TablesInUse: others used a table for too long; see `migration_locks`.
        sqlalchemy.exc.OperationalError: the server is out of reach, another migration did not end
            in time.
    """
    _run(dsn, lambda config: command.upgrade(config, revision))


def downgrade(dsn: str, revision: str) -> None:
    """Take the schema down to a revision; `base` removes everything. Errors as `upgrade`."""
    _run(dsn, lambda config: command.downgrade(config, revision))


def head() -> str:
    """Return the newest revision that this version of the service knows."""
    newest = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    if newest is None:
        raise LookupError(f"there are no migrations in {_SCRIPTS}")
    return newest


def revisions() -> list[str]:
    """Return every revision that this version of the service knows, the oldest first."""
    known = ScriptDirectory(str(_SCRIPTS)).walk_revisions()
    return [script.revision for script in known][::-1]


def current(dsn: str) -> str | None:
    """Return the revision of the schema, or None where nothing has been migrated.

    Any role that can read `alembic_version` may ask; the service's role can.
    """
    with _connection(dsn) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_behind(dsn: str) -> bool:
    """Tell whether the schema lacks a revision that this version of the service needs.

    A schema that is ahead (a newer version migrated it) is not behind.
    """
    known = {script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()}
    now = current(dsn)
    return now is None or (now in known and now != head())


def _run(dsn: str, action: Callable[[Config], None]) -> None:
    with _connection(dsn) as connection, _turn(connection):
        config = Config()
        config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        in_short_waits(connection, lambda: action(config))


@contextmanager
def _connection(dsn: str) -> Iterator[Connection]:
    """Open a connection that is not pooled, however the DSN is written."""
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(
            dsn, connect_timeout=CONNECT_TIMEOUT_SECONDS, application_name="pandora-migrate"
        ),
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        yield connection


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    """Keep other migrations out; the lock ends with the connection at the latest."""
    _execute(connection, SET_LOCK_TIMEOUT, lock_timeout(TURN_TIMEOUT_SECONDS))
    _execute(connection, TAKE_TURN, _TurnParams(key=_TURN_KEY))
    try:
        yield
    finally:
        connection.rollback()
        _execute(connection, END_TURN, _TurnParams(key=_TURN_KEY))


def _execute(connection: Connection, statement: Exec[ParamsT], params: ParamsT) -> None:
    connection.exec_driver_sql(statement.text, dict(params))
    connection.commit()
