"""What the driver's errors become, and what never gets out."""

import psycopg
import pytest
from psycopg import errors as driver
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from core.domain.errors import Conflict, DependencyUnavailable, ServerBusy
from core.postgres.errors import StatementFailed, translate


@pytest.mark.parametrize(
    "error",
    [driver.SerializationFailure(), driver.DeadlockDetected(), driver.LockNotAvailable()],
)
def test_another_transaction_that_came_between_is_a_conflict(error: psycopg.Error) -> None:
    assert isinstance(translate(error, "lock_user"), Conflict)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (psycopg.OperationalError("the connection is lost"), "OperationalError"),
        (psycopg.InterfaceError("the cursor is closed"), "InterfaceError"),
        (PoolTimeout("nobody came"), "PoolTimeout"),
        (PoolClosed("good night"), "PoolClosed"),
        (driver.AdminShutdown(), "57P01"),
        (driver.CrashShutdown(), "57P02"),
        (driver.CannotConnectNow(), "57P03"),
        (driver.QueryCanceled(), "57014"),
        (driver.TooManyConnections(), "53300"),
        (driver.DiskFull(), "53100"),
        (driver.IoError(), "58030"),
        (driver.InvalidPassword(), "28P01"),
        (driver.ReadOnlySqlTransaction(), "25006"),
        (driver.IdleInTransactionSessionTimeout(), "25P03"),
    ],
)
def test_a_server_out_of_reach_or_out_of_order_is_unavailable(
    error: psycopg.Error, detail: str
) -> None:
    translated = translate(error, "get_user_by_id")
    assert isinstance(translated, DependencyUnavailable)
    assert (translated.dependency, translated.detail) == ("postgres", detail)


def test_a_queue_that_is_full_is_a_busy_server() -> None:
    assert isinstance(translate(TooManyRequests("1000 wait"), "acquire"), ServerBusy)


@pytest.mark.parametrize(
    "error",
    [
        driver.NotNullViolation("Failing row contains (ada@example.com, $argon2id$secret)"),
        driver.UniqueViolation("Key (email_key)=(ada@example.com) already exists."),
        driver.UndefinedColumn("column ada@example.com"),
        psycopg.DataError("ada@example.com holds a NUL"),
        psycopg.ProgrammingError("ada@example.com"),
    ],
)
def test_what_nobody_foresaw_is_told_by_names_and_codes_alone(error: psycopg.Error) -> None:
    translated = translate(error, "create_user")
    assert isinstance(translated, StatementFailed)
    assert translated.statement == "create_user"
    assert translated.error_type == type(error).__name__
    assert translated.sqlstate == error.sqlstate
    assert "ada@example.com" not in str(translated) + repr(translated)
    assert "secret" not in str(translated) + repr(translated)
