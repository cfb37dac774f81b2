"""Every account has a salt of its own, whether it came before the column or after it."""

import psycopg
import pytest
from psycopg import errors

from core.postgres import migration
from tests.servers import Database

BEFORE = "0011"
ACCOUNT = """
INSERT INTO users (id, email, email_key, hashed_password, role, kyc_status, email_verified,
                   mfa_enabled, created_at, updated_at)
SELECT gen_random_uuid(), n || '@example.com', n || '@example.com', 'x', 'user', 'pending', false,
       false, now(), now()
FROM generate_series(%s::integer, %s::integer) AS n
"""
AUDIT_ROW = """
INSERT INTO audit_events (id, occurred_at, actor_type, action, resource_type, outcome, request_id,
                          trace_id, details, hash, ip_address, reason)
VALUES (gen_random_uuid(), now(), 'user', 'user.suspend', 'user', 'success', 'r', 't', '{}',
        repeat('0', 64), '203.0.113.7', 'in the clear')
"""


def test_accounts_of_before_and_of_an_older_service_get_salts_of_their_own(
    unmigrated: Database,
) -> None:
    migration.upgrade(unmigrated.owner_dsn, BEFORE)
    with psycopg.connect(unmigrated.owner_dsn) as owner:
        owner.execute(ACCOUNT, [1, 500])
    migration.upgrade(unmigrated.owner_dsn)
    with psycopg.connect(unmigrated.service_dsn) as service:
        service.execute(ACCOUNT, [501, 1000])
        salts = [bytes(salt) for (salt,) in service.execute("SELECT personal_salt FROM users")]
    assert len(set(salts)) == 1000
    assert {len(salt) for salt in salts} == {32}
    # A column of zeros, or a text in the place of bytes, would not look like this.
    assert all(400 < sum(salt[at] > 0x7F for salt in salts) < 600 for at in range(32))


def test_rows_of_before_keep_the_first_version_and_an_older_service_goes_on_writing_them(
    unmigrated: Database,
) -> None:
    migration.upgrade(unmigrated.owner_dsn, BEFORE)
    with psycopg.connect(unmigrated.service_dsn) as service:
        service.execute(AUDIT_ROW)
    migration.upgrade(unmigrated.owner_dsn)
    with psycopg.connect(unmigrated.service_dsn) as service:
        service.execute(AUDIT_ROW)
        found = service.execute("SELECT version, origin_owner, reason FROM audit_events").fetchall()
    assert found == [(1, None, "in the clear")] * 2


@pytest.mark.parametrize("salt", [b"", b"s" * 31, b"s" * 33])
def test_a_salt_of_another_length_is_refused(module_database: Database, salt: bytes) -> None:
    with psycopg.connect(module_database.owner_dsn) as owner:
        owner.execute(ACCOUNT, [1, 1])
        with pytest.raises(errors.CheckViolation, match="users_personal_salt_length"):
            owner.execute("UPDATE users SET personal_salt = %s", [salt])


def test_whoever_was_erased_stays_deleted(module_database: Database) -> None:
    with psycopg.connect(module_database.owner_dsn) as owner:
        owner.execute(ACCOUNT, [1, 1])
        owner.execute("UPDATE users SET deleted_at = now(), personal_salt = NULL")
        with pytest.raises(errors.CheckViolation, match="users_erased_stays_deleted"):
            owner.execute("UPDATE users SET deleted_at = NULL")


def test_a_row_of_an_unknown_version_is_refused(module_database: Database) -> None:
    with psycopg.connect(module_database.service_dsn) as service:
        statement = AUDIT_ROW.replace("hash, ip", "hash, version, ip").replace("64),", "64), 3,")
        statement = statement.replace("'203.0.113.7', 'in the clear'", "NULL, NULL")
        with pytest.raises(errors.CheckViolation, match="audit_events_version_known"):
            service.execute(statement.encode())
