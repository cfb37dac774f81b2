"""What the driver's errors mean to the domain: the one place where they are translated.

The text of a driver's error may quote a row («Key (email_key)=(…)», «Failing row contains (…)»),
hashes included. So it never leaves this room: what the domain has no name for becomes a
StatementFailed, which carries names and codes only.
"""

from collections.abc import Mapping

import psycopg
from psycopg import errors as driver
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from core.domain.errors import (
    Conflict,
    DependencyUnavailable,
    DomainError,
    EmailAlreadyRegistered,
    ServerBusy,
)
from core.observability.tls_trouble import tls_trouble

DEPENDENCY = "postgres"
"""How errors, health and metrics call this dependency."""

_BY_CONSTRAINT: Mapping[str, type[DomainError]] = {
    "users_email_key_undeleted": EmailAlreadyRegistered,
}

_CAME_BETWEEN = (
    driver.SerializationFailure,
    driver.DeadlockDetected,
    driver.LockNotAvailable,
)

_UNAVAILABLE_CLASSES = frozenset({"08", "28", "53", "57", "58"})
"""SQLSTATE classes: connection, authorisation, resources, operator intervention, system.

Class 57 holds `query_canceled`, which here means that the statement's time limit struck.
"""

_UNAVAILABLE_STATES = frozenset({"25006", "25P03"})
"""A server that has become read-only, and a transaction that was idle for too long."""


class StatementFailed(Exception):
    """A statement failed in a way that nobody foresaw; a defect, not an answer for a caller."""

    def __init__(self, statement: str, error: psycopg.Error) -> None:
        """Keep what names the fault, and nothing that names a person."""
        self.statement = statement
        self.error_type = type(error).__name__
        self.sqlstate = error.sqlstate
        self.constraint = error.diag.constraint_name
        self.table = error.diag.table_name
        super().__init__(
            f"statement {statement} failed: {self.error_type} (SQLSTATE {self.sqlstate},"
            f" table {self.table}, constraint {self.constraint})"
        )


def translate(error: psycopg.Error, statement: str) -> Exception:
    """Return what to raise in place of a driver's error; raise it `from None`."""
    refusal = _BY_CONSTRAINT.get(error.diag.constraint_name or "")
    if refusal is not None:
        return refusal()
    if isinstance(error, _CAME_BETWEEN):
        return Conflict()
    if isinstance(error, TooManyRequests):
        return ServerBusy()
    if is_unavailability(error):
        return unavailable(error)
    return StatementFailed(statement, error)


def unavailable(error: psycopg.Error | TimeoutError) -> DependencyUnavailable:
    """Return the domain's error with the driver's word for what happened, without its text."""
    sqlstate = error.sqlstate if isinstance(error, psycopg.Error) else None
    detail = tls_trouble(error) or sqlstate or type(error).__name__
    return DependencyUnavailable(DEPENDENCY, detail=detail)


def is_unavailability(error: psycopg.Error) -> bool:
    """Tell whether an error speaks of the way to the server, not of what was asked of it."""
    if isinstance(error, (PoolTimeout, PoolClosed)):
        return True
    if error.sqlstate is None:
        # Without a code the server did not say it: the socket broke, or was closed already.
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate[:2] in _UNAVAILABLE_CLASSES or error.sqlstate in _UNAVAILABLE_STATES
