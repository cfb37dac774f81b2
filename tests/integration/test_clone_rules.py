"""Every column has its rule, and whoever may not be fooled is not."""

from types import SimpleNamespace
from typing import cast

import psycopg
import pytest

from core.bootstrap.data_anonymization import refuse_elsewhere
from core.bootstrap.data_synthesis import refuse_where_people_are_real
from core.bootstrap.foundation import Foundation
from core.bootstrap.refusals import OperationRefused
from core.config.settings import Environment
from core.data.anonymization.rules import (
    AUDIT_COLUMNS,
    COPIED,
    LEFT_OUT,
    Unclassified,
    require_rules,
)
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource, outside
from tests.servers import Database


def columns_of(database: Database) -> dict[str, frozenset[str]]:
    with psycopg.connect(database.admin_dsn) as admin:
        return dict(CloneSource(BlockingConnection(admin)).columns())


def test_every_column_of_every_table_has_a_rule(database: Database) -> None:
    columns = columns_of(database)
    require_rules(columns)
    assert columns.keys() == COPIED.keys() | LEFT_OUT.keys() | {"audit_events"}
    for table, rules in {**COPIED, "audit_events": AUDIT_COLUMNS}.items():
        assert rules.keys() == columns[table], table


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE users ADD COLUMN phone text", "users.phone"),
        ("ALTER TABLE audit_events ADD COLUMN place text", "audit_events.place"),
        ("CREATE TABLE friends (name text)", "friends.name"),
    ],
)
def test_a_new_column_without_a_rule_is_refused(
    database: Database, change: str, named: str
) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(change.encode())
    with pytest.raises(Unclassified, match=named):
        require_rules(columns_of(database))


def test_what_is_missing_of_the_log_is_told_without_gaps() -> None:
    assert outside((1, 100), []) == [(1, 100)]
    assert outside((1, 100), [(41, 60), (1, 10)]) == [(11, 40), (61, 100)]
    assert outside((1, 100), [(1, 100)]) == []
    assert outside((1, 120), [(1, 100)]) == [(101, 120)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO database_origin VALUES (1, 'synthetic', 's', repeat('0', 64), 0, now())",
        "DELETE FROM database_origin",
        "UPDATE database_origin SET kind = 'synthetic'",
        "SELECT row_count FROM clone_chunks",
    ],
)
@pytest.mark.parametrize("login", ["service_dsn", "maintainer_dsn"])
def test_no_serving_role_changes_what_a_database_says_of_itself(
    database: Database, statement: str, login: str
) -> None:
    with (
        psycopg.connect(getattr(database, login)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize("environment", [Environment.PROD, Environment.AUDIT])
def test_nobody_is_made_up_where_people_are_real(environment: Environment) -> None:
    with pytest.raises(OperationRefused, match=f"APP_ENV={environment.value}"):
        refuse_where_people_are_real(_foundation(environment).settings)
    refuse_where_people_are_real(_foundation(Environment.SANDBOX).settings)


@pytest.mark.parametrize("environment", [Environment.PROD, Environment.SANDBOX])
def test_a_clone_is_made_with_the_keys_of_the_audit_environment(environment: Environment) -> None:
    with pytest.raises(OperationRefused, match="APP_ENV=audit"):
        refuse_elsewhere(_foundation(environment).settings)
    refuse_elsewhere(_foundation(Environment.AUDIT).settings)


def _foundation(environment: Environment) -> Foundation:
    return cast("Foundation", SimpleNamespace(settings=SimpleNamespace(environment=environment)))
