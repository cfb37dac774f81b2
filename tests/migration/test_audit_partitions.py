"""The audit log is divided by months of UTC, and no row is ever refused for lack of a month."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from core.postgres import migration
from tests.migration.schema_dump import dump
from tests.servers import Database


def add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def append(connection: psycopg.Connection, occurred_at: datetime) -> str:
    """Write a row and return the name of the table that holds it."""
    row = connection.execute(
        """
        INSERT INTO audit_events (id, occurred_at, actor_type, action, resource_type, outcome,
                                  request_id, trace_id, details, hash)
        VALUES (gen_random_uuid(), %s, 'system', 'user.update', 'user', 'success', 'r', 't', '{}',
                repeat('0', 64))
        RETURNING tableoid::regclass::text
        """,
        [occurred_at],
    ).fetchone()
    assert row is not None
    return str(row[0])


def named(month: date) -> str:
    return month.strftime("audit_events_y%Ym%m")


def test_last_month_this_month_and_a_year_ahead_have_partitions(module_database: Database) -> None:
    today = datetime.now(UTC).date()
    with psycopg.connect(module_database.owner_dsn) as owner:
        found = [
            name
            for (name,) in owner.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits"
                " WHERE inhparent = 'audit_events'::regclass ORDER BY 1"
            )
        ]
    assert found == [
        "audit_events_default",
        *(named(add_months(today, months)) for months in range(-1, 13)),
    ]


def test_a_month_begins_and_ends_at_midnight_utc(module_database: Database) -> None:
    month = add_months(datetime.now(UTC).date(), 1)
    midnight = datetime(month.year, month.month, 1, tzinfo=UTC)
    with psycopg.connect(
        make_conninfo(module_database.owner_dsn, options="-c timezone=Asia/Tokyo")
    ) as c:
        assert append(c, midnight) == named(month)
        assert append(c, midnight - timedelta(microseconds=1)) == named(add_months(month, -1))


@pytest.mark.parametrize(
    "moment", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)]
)
def test_a_row_of_a_month_without_a_partition_is_kept(
    module_database: Database, moment: datetime
) -> None:
    with psycopg.connect(module_database.owner_dsn) as owner:
        assert append(owner, moment) == "audit_events_default"


def test_the_time_zone_of_whoever_migrates_does_not_matter(unmigrated: Database) -> None:
    migration.upgrade(unmigrated.owner_dsn)
    migrated = dump(unmigrated.owner_dsn)
    migration.downgrade(unmigrated.owner_dsn, "base")
    migration.upgrade(make_conninfo(unmigrated.owner_dsn, options="-c timezone=Pacific/Kiritimati"))
    assert dump(unmigrated.owner_dsn) == migrated


def test_the_owner_adds_a_month_once(module_database: Database) -> None:
    with psycopg.connect(module_database.owner_dsn, autocommit=True) as owner:
        row = owner.execute("SELECT add_audit_month('2093-02-28')").fetchone()
        assert row == ("audit_events_y2093m02",)
        moment = datetime(2093, 2, 28, 23, 59, 59, tzinfo=UTC)
        assert append(owner, moment) == "audit_events_y2093m02"
        with pytest.raises(errors.DuplicateTable):
            owner.execute("SELECT add_audit_month('2093-02-01')")
        with pytest.raises(errors.RestrictViolation):
            owner.execute("TRUNCATE audit_events_y2093m02")
