"""What a stolen login of the maintainer is worth: tried out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors, sql

from tests.servers import Database

PARTITION = datetime.now(UTC).strftime("audit_events_y%Ym%m")
NEXT_YEAR = (datetime.now(UTC) + timedelta(days=740)).strftime("%Y-%m-01")

AUDIT_ROW = """
INSERT INTO audit_events (id, occurred_at, actor_type, action, resource_type, resource_id, outcome,
                          request_id, trace_id, details, hash)
VALUES (gen_random_uuid(), {moment}, '{actor}', '{action}', 'audit_log', '{resource}', 'success',
        'r', 't', '{{}}', repeat('0', 64))
"""
RETIRE = "SELECT retire_audit_month(%s, 'o', %s, %s::int8multirange, %s, now(), %s, 1, %s)"


def audit_row(
    *,
    moment: str = "now()",
    actor: str = "system",
    action: str = "audit.retire",
    resource: str = "x",
) -> str:
    return AUDIT_ROW.format(moment=moment, actor=actor, action=action, resource=resource)


REFUSED = [
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE TABLE mine PARTITION OF audit_events FOR VALUES FROM ('2099-01-01') TO ('2099-02-01')",
    "ALTER TABLE audit_events DISABLE TRIGGER ALL",
    "ALTER TABLE audit_events DETACH PARTITION audit_events_default",
    f"ALTER TABLE audit_events DETACH PARTITION {PARTITION}",
    f"ALTER TABLE {PARTITION} DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_events_append_only ON audit_events",
    "DROP TABLE audit_events",
    f"DROP TABLE {PARTITION}",
    "DROP TABLE audit_seals",
    "SET ROLE pandora_owner",
    "SET session_replication_role = replica",
    "SELECT add_audit_month('2099-01-01')",
    "SELECT audit_leaf(1, 'x')",
    "SELECT refuse_audit_change()",
    *(
        statement.format(table=table)
        for table in ("audit_events", "audit_events_default", PARTITION)
        for statement in (
            "UPDATE {table} SET outcome = 'success'",
            "DELETE FROM {table}",
            "TRUNCATE {table}",
            "MERGE INTO {table} USING alembic_version ON false WHEN MATCHED THEN DELETE",
            "SELECT id FROM {table} FOR UPDATE",
        )
    ),
    f"TABLE {PARTITION}",
    audit_row().replace("INTO audit_events", f"INTO {PARTITION}"),
    audit_row(action="auth.login"),
    audit_row(actor="user"),
    audit_row(action="audit.export"),
    "INSERT INTO audit_seals SELECT * FROM audit_seals",
    "UPDATE audit_seals SET size = 1",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_seals",
    "INSERT INTO audit_retirements SELECT * FROM audit_retirements",
    "UPDATE audit_retirements SET row_count = 0",
    "DELETE FROM audit_retirements",
    "INSERT INTO audit_legal_holds (id, reason, placed_at) VALUES (gen_random_uuid(), 'x', now())",
    "UPDATE audit_legal_holds SET released_at = now()",
    "DELETE FROM audit_legal_holds",
    "TRUNCATE audit_legal_holds",
    "INSERT INTO users SELECT * FROM users",
    "INSERT INTO sessions SELECT * FROM sessions",
    "INSERT INTO outbox (id) VALUES (gen_random_uuid())",
    "TRUNCATE users CASCADE",
    "SELECT * FROM service_tokens",
    "UPDATE alembic_version SET version_num = 'mine'",
]


@pytest.fixture
def maintainer(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.maintainer_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.owner_dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("statement", REFUSED)
def test_the_maintainer_can_neither_define_anything_nor_touch_evidence(
    maintainer: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        maintainer.execute(statement.encode())


def test_the_maintainer_cannot_keep_writers_out(maintainer: psycopg.Connection) -> None:
    for mode in ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"):
        with pytest.raises(errors.InsufficientPrivilege), maintainer.transaction():
            maintainer.execute(f"LOCK TABLE audit_events IN {mode} MODE".encode())


def test_the_maintainer_tells_of_its_own_work(maintainer: psycopg.Connection) -> None:
    maintainer.execute(audit_row().encode())
    maintainer.execute(audit_row(action="user.erase").encode())


@pytest.mark.parametrize("month", ["1999-01-01", "2999-01-01"])
def test_partitions_are_made_within_bounds_alone(
    maintainer: psycopg.Connection, month: str
) -> None:
    with pytest.raises(errors.InvalidParameterValue):
        maintainer.execute("SELECT make_audit_month(%s)", [month])


def test_no_month_goes_before_five_years_are_over_whatever_is_asked_for(
    maintainer: psycopg.Connection, owner: psycopg.Connection
) -> None:
    today = datetime.now(UTC)
    # Sixty months ago the month was not over yet.
    month = f"{today.year - 5}-{today.month:02}-01"
    found = owner.execute("SELECT add_audit_month(%s)", [month]).fetchone()
    assert found is not None
    for name, keep in ((found[0], 0), (found[0], -1000), (PARTITION, 0)):
        assert refusal(maintainer, name, keep=keep) == "audit_retirement_in_time"
    with pytest.raises(errors.RestrictViolation):
        maintainer.execute(RETIRE, [found[0], 0, "{}", b"0" * 32, b"0" * 68, None])


@pytest.mark.parametrize(
    "name",
    ["audit_events_default", "audit_events", "users", "audit_seals", "nothing", 'a"; DROP --', ""],
)
def test_nothing_but_a_month_can_be_dropped(maintainer: psycopg.Connection, name: str) -> None:
    assert refusal(maintainer, name) == "audit_retirement_of_a_month"


def test_what_is_dropped_must_be_sealed_told_truly_and_told_in_the_log(
    maintainer: psycopg.Connection, owner: psycopg.Connection
) -> None:
    found = owner.execute("SELECT add_audit_month('2014-01-01')").fetchone()
    assert found is not None
    name = str(found[0])
    assert refusal(maintainer, name, count=1) == "audit_retirement_told_truly"
    assert refusal(maintainer, name, ranges="{[1,5)}") == "audit_retirement_told_truly"
    assert refusal(maintainer, name, digest=b"0" * 32) == "audit_retirement_told_truly"
    assert refusal(maintainer, name) == "audit_retirement_told"
    # A row that tells of it, of another transaction.
    maintainer.execute(audit_row(resource=name).encode())
    assert refusal(maintainer, name) == "audit_retirement_told"
    owner.execute(
        audit_row(moment="'2014-01-02T00:00:00Z'", action="auth.login", resource="r").encode()
    )
    assert refusal(maintainer, name) == "audit_retirement_sealed"


def refusal(
    connection: psycopg.Connection,
    name: str,
    *,
    count: int = 0,
    ranges: str = "{}",
    digest: bytes | None = None,
    keep: int = 84,
) -> str | None:
    """Return why a month is not dropped."""
    nothing = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    with pytest.raises(errors.RestrictViolation) as refused:
        connection.execute(RETIRE, [name, count, ranges, digest or nothing, b"0" * 68, keep])
    return refused.value.diag.constraint_name


@pytest.mark.parametrize("way", ["made", "adopted"])
def test_a_new_partition_is_as_closed_as_any(database: Database, way: str) -> None:
    with (
        psycopg.connect(database.maintainer_dsn, autocommit=True) as maintainer,
        psycopg.connect(database.service_dsn, autocommit=True) as service,
        psycopg.connect(database.owner_dsn, autocommit=True) as owner,
    ):
        row = audit_row(moment=f"'{NEXT_YEAR}'", action="auth.login")
        if way == "made":
            made = maintainer.execute("SELECT make_audit_month(%s)", [NEXT_YEAR]).fetchone()
            assert made == ("made",)
            service.execute(row.encode())
        else:
            service.execute(row.encode())
            assert maintainer.execute("SELECT adopt_audit_default()").fetchone() is not None
        (name,) = service.execute(
            "SELECT tableoid::regclass::text FROM audit_events"
        ).fetchone() or ("",)
        assert name.startswith("audit_events_y")
        for closed in (name, "audit_events_default"):
            table = sql.Identifier(closed)
            for statement in ("UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {}"):
                for role, refused in (
                    (service, errors.InsufficientPrivilege),
                    (maintainer, errors.InsufficientPrivilege),
                    (owner, errors.RestrictViolation),
                ):
                    if role is owner and closed != name and statement != "TRUNCATE {}":
                        continue  # a table without rows has none to refuse
                    with pytest.raises(refused):
                        role.execute(sql.SQL(statement).format(table))
            with pytest.raises(errors.InsufficientPrivilege):
                service.execute(sql.SQL("SELECT id FROM {}").format(table))
        assert service.execute("SELECT count(*) FROM audit_events").fetchone() == (1,)
