"""Autovacuum comes in time to the tables that grow, and to those that change with every call."""

from collections.abc import Mapping
from datetime import UTC, datetime

import psycopg

from core.postgres import migration
from tests.servers import Database

AUDIT = {
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_freeze_min_age": "0",
}
CHANGING = ("sessions", "refresh_tokens", "known_devices", "idempotency_keys", "outbox")


def parameters(connection: psycopg.Connection, table: str) -> Mapping[str, str]:
    row = connection.execute(
        "SELECT coalesce(reloptions, '{}') FROM pg_class WHERE oid = %s::regclass", [table]
    ).fetchone()
    assert row is not None
    return dict(option.split("=", 1) for option in row[0])


def partitions(connection: psycopg.Connection) -> list[str]:
    found = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = 'audit_events'::regclass"
    )
    return [name for (name,) in found]


def test_every_partition_of_the_audit_log_is_vacuumed_as_it_grows(
    module_database: Database,
) -> None:
    with psycopg.connect(module_database.owner_dsn) as owner:
        names = partitions(owner)
        assert len(names) > 12
        assert {name: parameters(owner, name) for name in names} == dict.fromkeys(names, AUDIT)


def test_a_month_that_is_made_later_is_vacuumed_likewise(database: Database) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        row = owner.execute("SELECT add_audit_month('2094-05-17')").fetchone()
        assert row == ("audit_events_y2094m05",)
        assert parameters(owner, "audit_events_y2094m05") == AUDIT


def test_so_is_the_default_partition_and_what_is_made_of_it(database: Database) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(
            """
            INSERT INTO audit_events (id, occurred_at, actor_type, action, resource_type, outcome,
                                      request_id, trace_id, details, hash)
            VALUES (gen_random_uuid(), %s, 'system', 'user.update', 'user', 'success', 'r', 't',
                    '{}', repeat('0', 64))
            """,
            [datetime(2095, 3, 4, tzinfo=UTC)],
        )
        assert owner.execute("SELECT adopt_audit_default()").fetchone() == (
            "audit_events_y2095m03",
        )
        assert parameters(owner, "audit_events_y2095m03") == AUDIT
        assert parameters(owner, "audit_events_default") == AUDIT


def test_tables_that_change_with_every_call_wait_for_no_fifth_of_dead_rows(
    module_database: Database,
) -> None:
    with psycopg.connect(module_database.owner_dsn) as owner:
        for table in CHANGING:
            assert float(parameters(owner, table)["autovacuum_vacuum_scale_factor"]) <= 0.05, table


def test_a_changed_session_stays_in_its_page(database: Database) -> None:
    """What a refresh does to a session leaves no entry in an index behind."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(
            """
            WITH person AS (
                INSERT INTO users (id, email, email_key, hashed_password, role, kyc_status,
                                   email_verified, mfa_enabled, created_at, updated_at,
                                   personal_salt)
                SELECT gen_random_uuid(), 'a@example.com', 'a@example.com', 'x', 'user', 'pending',
                       false, false, now(), now(), sha256('salt')
                RETURNING id
            )
            INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at,
                                  absolute_expires_at, amr)
            SELECT gen_random_uuid(), id, now(), now(), now(), now() + interval '1 day', '{pwd}'
            FROM person, generate_series(1, 500)
            """
        )
        owner.execute(
            "UPDATE sessions SET last_used_at = now(), expires_at = now()"
            " WHERE id IN (SELECT id FROM sessions ORDER BY id LIMIT 20)"
        )
        owner.execute("SELECT pg_stat_force_next_flush()")
        row = owner.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'"
        ).fetchone()
    assert row == (20, 20)


def test_the_way_down_leaves_no_parameter_behind(unmigrated: Database) -> None:
    migration.upgrade(unmigrated.owner_dsn)
    migration.downgrade(unmigrated.owner_dsn, "0018")
    with psycopg.connect(unmigrated.owner_dsn) as owner:
        owner.execute("SELECT add_audit_month('2094-05-17')")
        for name in (*partitions(owner), "sessions", "refresh_tokens", "known_devices"):
            assert parameters(owner, name) == {}, name
