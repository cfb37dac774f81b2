"""A page of an export reads its own rows by an index, whatever is asked for; no table is sorted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from core.postgres.audit_rows import LIST_AUDIT_SPAN, READ_AUDIT_SPAN, ListSpanParams, SpanParams
from tests.postgres_client import empty
from tests.servers import Database

TODAY = datetime.now(UTC)
WINDOW = 1000
"""A small part of the log, as a window of an export is."""

USER = "0190163d-8694-739b-aea5-966c26f8ad91"

# Two months; one person in a thousand rows, one refusal in five hundred.
MANY_ROWS = """
INSERT INTO audit_events (id, occurred_at, actor_type, actor_id, action, resource_type, user_id,
                          outcome, reason, request_id, trace_id, details, hash)
SELECT gen_random_uuid(), now() + make_interval(days => n %% 40 - 5), 'user',
       CASE WHEN n %% 1000 = 0 THEN 'service:rare' ELSE gen_random_uuid()::text END,
       CASE WHEN n %% 1000 = 1 THEN 'user.delete' ELSE 'auth.login' END, 'user',
       CASE WHEN n %% 1000 = 2 THEN %(user)s::uuid ELSE gen_random_uuid() END,
       CASE WHEN n %% 500 = 3 THEN 'failure' ELSE 'success' END,
       CASE WHEN n %% 500 = 3 THEN 'X' END, 'r', 't', '{}', repeat('0', 64)
FROM generate_series(1, 30000) AS n
"""

NO_FILTER = ListSpanParams(
    first=0,
    last=2**62,
    user_id=None,
    actor_id=None,
    action=None,
    outcome=None,
    from_time=None,
    to_time=None,
    row_limit=500,
)


@pytest.fixture(scope="module")
def service(module_database: Database) -> Iterator[psycopg.Connection]:
    empty(module_database.admin_dsn)
    with psycopg.connect(module_database.owner_dsn, autocommit=True) as owner:
        owner.execute(MANY_ROWS.encode(), {"user": USER})
        owner.execute("ANALYZE audit_events")
    with psycopg.connect(module_database.service_dsn, autocommit=True) as connection:
        yield connection


def explained(
    service: psycopg.Connection, statement: str, params: ListSpanParams | SpanParams
) -> str:
    # Values in the text stand for the plan that a statement gets which is not prepared.
    cursor = psycopg.ClientCursor(service)
    lines = cursor.execute(f"EXPLAIN {statement}".encode(), params).fetchall()
    return "\n".join(line for (line,) in lines)


@pytest.mark.parametrize(
    ("changes", "index"),
    [
        ({}, "pkey"),
        ({"last": WINDOW}, "pkey"),
        ({"user_id": USER}, "user_id_sequence"),
        ({"actor_id": "service:rare"}, "actor_id_sequence"),
        ({"action": "user.delete"}, "action_sequence"),
        ({"action": "auth.login"}, "sequence"),
        ({"outcome": "failure", "last": WINDOW}, "pkey"),
        ({"from_time": TODAY, "to_time": TODAY + timedelta(hours=1), "last": WINDOW}, "pkey"),
        ({"user_id": USER, "action": "auth.login", "outcome": "success"}, "user_id_sequence"),
    ],
)
def test_a_page_is_read_by_an_index_in_its_order(
    service: psycopg.Connection, changes: ListSpanParams, index: str
) -> None:
    plan = explained(service, LIST_AUDIT_SPAN.text, {**NO_FILTER, **changes})
    # A table that is almost empty is read as it is; one that has rows never is.
    filled = service.execute(
        "SELECT DISTINCT tableoid::regclass::text FROM audit_events"
    ).fetchall()
    assert all(f"Seq Scan on {name}" not in plan for (name,) in filled), plan
    assert index in plan, plan


def test_the_ends_of_the_log_are_read_off_its_indexes(service: psycopg.Connection) -> None:
    plan = explained(service, READ_AUDIT_SPAN.text, SpanParams(from_month=None, to_month=None))
    assert "Seq Scan" not in plan
    assert "Index" in plan
    month = TODAY.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    plan = explained(service, READ_AUDIT_SPAN.text, SpanParams(from_month=month, to_month=None))
    assert "Index" in plan
    assert f"audit_events_y{month - timedelta(days=1):%Ym%m}" not in plan, "pruned"
