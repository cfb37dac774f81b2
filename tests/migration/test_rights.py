"""What each role may do, tried out."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from tests.servers import Database, Servers

AUDIT_ROW = """
INSERT INTO audit_events (id, occurred_at, actor_type, action, resource_type, outcome, request_id,
                          trace_id, details, hash)
VALUES (gen_random_uuid(), now(), 'system', 'user.update', 'user', 'success', 'r', 't', '{}',
        repeat('0', 64))
"""

PARTITION = datetime.now(UTC).strftime("audit_events_y%Ym%m")

DEFINITIONS = [
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE SCHEMA mine",
    "CREATE SEQUENCE mine",
    "CREATE INDEX mine ON users (email)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE mine AS ENUM ('a')",
    "ALTER TABLE users ADD COLUMN mine int",
    "ALTER TABLE audit_events DISABLE TRIGGER ALL",
    "ALTER TABLE audit_events DETACH PARTITION audit_events_default",
    "DROP TABLE refresh_tokens",
    "DROP TRIGGER audit_events_append_only ON audit_events",
    "COMMENT ON TABLE users IS 'mine'",
    "SET ROLE pandora_owner",
    "SET session_replication_role = replica",
    "SELECT add_audit_month('2099-01-01')",
    "SELECT make_audit_month('2099-01-01')",
    "SELECT adopt_audit_default()",
    "SELECT retire_audit_month('x', 'x', 0, '{}', '', now(), '', 1, 84)",
]

CHANGES = [
    "UPDATE audit_events SET outcome = 'success'",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "SELECT id FROM audit_events_default",
    "UPDATE audit_events_default SET outcome = 'success'",
    "DELETE FROM audit_events_default",
    "TRUNCATE audit_events_default",
    AUDIT_ROW.replace("INTO audit_events", "INTO audit_events_default"),
    "SELECT id FROM audit_events FOR UPDATE",
    "MERGE INTO audit_events USING users ON false WHEN MATCHED THEN DELETE",
    "UPDATE kyc_reviews SET reason = 'other'",
    "DELETE FROM kyc_reviews",
    "UPDATE outbox SET payload = '{}'",
    "UPDATE outbox SET user_id = gen_random_uuid()",
    "TRUNCATE outbox",
    "DELETE FROM users",
    "TRUNCATE users CASCADE",
    "DELETE FROM sessions",
    "DELETE FROM refresh_tokens",
    "DELETE FROM service_tokens",
    "UPDATE totp_enrolments SET user_id = gen_random_uuid()",
    "TRUNCATE totp_enrolments",
    "UPDATE recovery_codes SET digest = repeat('0', 64)",
    "UPDATE mfa_challenges SET expires_at = now()",
    "UPDATE mfa_challenges SET password_mark = repeat('0', 64)",
    "UPDATE audit_seals SET size = 1",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_seals",
    "INSERT INTO audit_retirements (partition) VALUES ('x')",
    "UPDATE audit_retirements SET row_count = 0",
    "DELETE FROM audit_retirements",
    "UPDATE audit_legal_holds SET reason = 'other'",
    "DELETE FROM audit_legal_holds",
    "TRUNCATE audit_legal_holds",
    "UPDATE idempotency_keys SET digest = repeat('0', 64)",
    "TRUNCATE idempotency_keys",
    "UPDATE alembic_version SET version_num = 'mine'",
    "DELETE FROM alembic_version",
]


@pytest.fixture
def service(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.service_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.owner_dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("statement", DEFINITIONS)
def test_the_service_defines_nothing(service: psycopg.Connection, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        service.execute(statement.encode())


@pytest.mark.parametrize("statement", CHANGES)
def test_the_service_changes_nothing_that_is_only_added_to(
    service: psycopg.Connection, statement: str
) -> None:
    service.execute(AUDIT_ROW.encode())
    with pytest.raises(errors.InsufficientPrivilege):
        service.execute(statement.encode())


@pytest.mark.parametrize("table", ["audit_events", PARTITION])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET outcome = 'failure', reason = 'forged'",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "MERGE INTO {} AS e USING alembic_version ON true WHEN MATCHED THEN DELETE",
        (
            "INSERT INTO {} AS e OVERRIDING SYSTEM VALUE SELECT * FROM audit_events LIMIT 1"
            " ON CONFLICT (sequence, occurred_at) DO UPDATE SET outcome = 'failure'"
        ),
    ],
)
def test_the_owner_is_kept_from_changing_audit_rows_by_mistake(
    owner: psycopg.Connection, statement: str, table: str
) -> None:
    owner.execute(AUDIT_ROW.encode())
    before = owner.execute("SELECT * FROM audit_events").fetchall()
    with pytest.raises(errors.RestrictViolation) as refused:
        owner.execute(statement.format(table).encode())
    assert refused.value.diag.constraint_name == "audit_events_append_only"
    assert owner.execute("SELECT * FROM audit_events").fetchall() == before


def test_the_superuser_meets_the_same_trigger(module_database: Database) -> None:
    with psycopg.connect(module_database.admin_dsn, autocommit=True) as superuser:
        superuser.execute(AUDIT_ROW.encode())
        with pytest.raises(errors.RestrictViolation):
            superuser.execute("DELETE FROM audit_events")


def test_what_the_owner_makes_later_is_open_to_nobody_by_itself(database: Database) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("CREATE TABLE later (id int)")
        owner.execute("CREATE SEQUENCE later_sequence")
    with psycopg.connect(database.service_dsn, autocommit=True) as service:
        for statement in ("SELECT id FROM later", "SELECT nextval('later_sequence')"):
            with pytest.raises(errors.InsufficientPrivilege):
                service.execute(statement.encode())
    with psycopg.connect(database.admin_dsn) as superuser:
        assert superuser.execute("SELECT count(*) FROM pg_default_acl").fetchone() == (0,)


def test_nothing_is_granted_to_everybody(owner: psycopg.Connection) -> None:
    granted = owner.execute(
        """
        SELECT relname::text FROM pg_class, aclexplode(relacl) AS acl
        WHERE relnamespace = 'public'::regnamespace AND acl.grantee = 0
        UNION ALL
        SELECT proname::text
        FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
        WHERE pronamespace = 'public'::regnamespace AND acl.grantee = 0
        UNION ALL
        SELECT nspname::text FROM pg_namespace, aclexplode(nspacl) AS acl
        WHERE nspname = 'public' AND acl.grantee = 0
        """
    ).fetchall()
    assert granted == []


@pytest.mark.parametrize("role", ["pandora_service", "pandora_owner", "postgres"])
@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_refused(
    servers: Servers, module_database: Database, role: str, password: str
) -> None:
    ways = [module_database.service_dsn]
    if servers.stack.postgres.socket_folder is not None:
        ways.append(make_conninfo(ways[0], host=str(servers.stack.postgres.socket_folder)))
    for way in ways:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(make_conninfo(way, user=role, password=password))


def test_passwords_are_kept_as_scram_verifiers(module_database: Database) -> None:
    with psycopg.connect(module_database.admin_dsn) as superuser:
        kept = superuser.execute(
            sql.SQL("SELECT rolpassword FROM pg_authid WHERE rolname LIKE {}").format("pandora%")
        ).fetchall()
    assert len(kept) == 3
    assert all(verifier.startswith("SCRAM-SHA-256$") for (verifier,) in kept)
