"""With many accounts, each filter of their list is served by its own index."""

from collections.abc import Iterator

import psycopg
import pytest

from core.postgres.user_rows import LIST_USERS, ListUsersParams
from tests.postgres_client import empty
from tests.servers import Database

# Every 1,000th is staff, every 500th rejected, and a few are suspended or deleted.
MANY_USERS = """
INSERT INTO users (id, email, email_key, full_name, full_name_key, hashed_password, role,
                   kyc_status, email_verified, mfa_enabled, created_at, updated_at, suspended_at,
                   deleted_at)
SELECT uuidv7(), address, address, full_name, full_name, 'x',
       CASE WHEN n % 1000 = 0 THEN 'support' ELSE 'user' END,
       CASE WHEN n % 500 = 1 THEN 'rejected' ELSE 'pending' END,
       false, false, now(), now(),
       CASE WHEN n % 1500 = 2 THEN now() END,
       CASE WHEN n % 1500 = 3 THEN now() END
FROM generate_series(1, 20000) AS n,
     LATERAL (SELECT md5(n::text) || '@example.com' AS address, 'ada ' || md5(n::text) AS full_name)
"""

NO_FILTER = ListUsersParams(
    before=None,
    prefix=None,
    kyc_status=None,
    role=None,
    deleted=False,
    suspended=None,
    row_limit=50,
)


@pytest.fixture(scope="module")
def service(module_database: Database) -> Iterator[psycopg.Connection]:
    empty(module_database.admin_dsn)
    with psycopg.connect(module_database.owner_dsn, autocommit=True) as owner:
        owner.execute(MANY_USERS)
        owner.execute("ANALYZE users")
    with psycopg.connect(module_database.service_dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("changes", "indexes"),
    [
        ({}, ["users_pkey"]),
        ({"prefix": "abcd%"}, ["users_email_key_", "users_full_name_key_prefix"]),
        ({"prefix": "ada abcd%"}, ["users_email_key_", "users_full_name_key_prefix"]),
        ({"role": "support"}, ["users_staff_by_role"]),
        ({"kyc_status": "rejected"}, ["users_by_kyc_status"]),
        ({"suspended": True}, ["users_suspended"]),
        ({"deleted": True}, ["users_deleted"]),
    ],
)
def test_a_filter_uses_its_index(
    service: psycopg.Connection, changes: ListUsersParams, indexes: list[str]
) -> None:
    # Values in the text stand for the plan that a statement gets which is not prepared. Where
    # texts are compared byte by byte, either of the two indexes on addresses will do.
    cursor = psycopg.ClientCursor(service)
    lines = cursor.execute("EXPLAIN " + LIST_USERS.text, {**NO_FILTER, **changes}).fetchall()
    plan = "\n".join(line for (line,) in lines)
    assert all(index in plan for index in indexes), plan
    assert "Seq Scan" not in plan
