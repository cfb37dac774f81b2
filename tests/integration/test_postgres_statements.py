"""Every statement fits the migrated schema, the service's rights, and an index."""

import json
import re
from collections.abc import Iterator

import psycopg
import pytest

import core.postgres
from tests.servers import Database
from tools.sqlc.__main__ import main
from tools.sqlc.declarations import Declaration, collect

MAINTAINERS = frozenset({"personal_erasure", "audit_partitions", "served_rows"})
"""Files of statements that the maintainer runs, who has rights that the service lacks."""
OWNERS = frozenset(
    {
        "cloning",
        "begin_origin",
        "complete_origin",
        "add_audit_month",
        "list_missing_months",
        "refresh_statistics",
    }
)
"""Files and statements of the owner, who makes up data and clones (tests/e2e runs each of them)."""
SEEKING = frozenset({"personal_erasure", "personal_export", "audit_verification", "served_rows"})
"""Files of statements that operators run once in a while: they may look through a whole table."""
SMALL = frozenset({"database_origin", "event_stream", "audit_legal_holds", "audit_retirements"})
"""Tables of a few rows, which are read whole."""


DECLARED = [
    one
    for one in collect(core.postgres)
    if not {one.statement.file, one.statement.name} & (OWNERS | {"migration"})
]


def by_name(one: Declaration) -> str:
    return one.statement.name


@pytest.fixture
def service(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.service_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def maintainer(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.maintainer_dsn, autocommit=True) as connection:
        yield connection


def plan(connection: psycopg.Connection, one: Declaration) -> str:
    """Explain a statement without parameters, which checks the role's rights as well."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", one.statement.text)))
    numbered = re.sub(
        r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", one.statement.text
    )
    explain = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered}"
    row = connection.execute(explain.encode()).fetchone()
    assert row is not None
    return json.dumps(row[0])


def scanned(planned: str) -> set[str]:
    """Return the tables that a plan reads from end to end."""
    return set(re.findall(r'"Seq Scan"[^{}]*?"Relation Name": "(\w+)"', planned))


def test_every_statement_agrees_with_the_migrated_schema(
    module_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dsn", module_database.service_dsn]) == 0
    assert "statements agree with the schema" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            "ALTER TABLE users RENAME full_name TO name",
            'users.sql: get_user_by_id: column "full_name" does not exist',
        ),
        (
            "ALTER TABLE users ALTER hashed_password DROP NOT NULL",
            (
                "users.sql: get_credentials_by_email: column hashed_password may be null,"
                " but not in CredentialsRecord"
            ),
        ),
        (
            "ALTER TABLE sessions ALTER ip_address TYPE inet USING ip_address::inet",
            (
                "sessions.sql: get_session: column ip_address: PostgreSQL gives inet,"
                " SessionRecord says str"
            ),
        ),
        (
            "ALTER TABLE sessions ALTER user_agent TYPE bytea USING user_agent::bytea",
            (
                "sessions.sql: create_session: parameter user_agent: PostgreSQL takes bytea,"
                " NewSessionParams gives str"
            ),
        ),
        ("DROP TABLE kyc_reviews", 'kyc_reviews.sql: add_kyc_review: relation "kyc_reviews"'),
    ],
)
def test_a_schema_that_moved_on_is_found_with_file_and_statement(
    database: Database, capsys: pytest.CaptureFixture[str], change: str, finding: str
) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(change.encode())
    assert main(["--dsn", database.service_dsn]) == 1
    assert finding in capsys.readouterr().err


@pytest.mark.parametrize(
    "one", [one for one in DECLARED if one.statement.file not in MAINTAINERS], ids=by_name
)
def test_the_service_may_run_every_statement_and_none_reads_a_whole_table(
    service: psycopg.Connection, one: Declaration
) -> None:
    # With this off, PostgreSQL plans a sequential scan only where no index can serve.
    service.execute("SET enable_seqscan = off")
    assert scanned(plan(service, one)) <= SMALL or one.statement.file in SEEKING


@pytest.mark.parametrize(
    "one", [one for one in DECLARED if one.statement.file in MAINTAINERS], ids=by_name
)
def test_the_maintainer_may_run_what_is_left_to_them(
    maintainer: psycopg.Connection, one: Declaration
) -> None:
    maintainer.execute("SET enable_seqscan = off")
    assert scanned(plan(maintainer, one)) <= SMALL or one.statement.file in SEEKING


def test_a_statement_without_an_index_would_be_found(service: psycopg.Connection) -> None:
    service.execute("SET enable_seqscan = off")
    row = service.execute(
        "EXPLAIN (FORMAT JSON) SELECT id FROM users WHERE hashed_password = 'x'"
    ).fetchone()
    assert row is not None
    assert '"Seq Scan"' in json.dumps(row[0])
