"""A migration that would stop the service is found, unless somebody has reviewed it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.deploy.migration_files import write_migrations
from tools.migrations.check import FIRST_INSTALLATION, check
from tools.migrations.findings import Finding
from tools.migrations.own_rules import findings
from tools.migrations.revisions import Revision, marks, revisions


def nothing(_: Sequence[Revision]) -> Sequence[Finding]:
    return []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE people SET name = ''", "backfill-in-migration"),
        ("delete from only people where id < 0", "backfill-in-migration"),
        ("LOCK TABLE people IN EXCLUSIVE MODE", "explicit-lock"),
        ("CREATE TRIGGER t BEFORE INSERT ON people EXECUTE FUNCTION f()", "trigger-lock"),
        ("ALTER TABLE people ATTACH PARTITION p FOR VALUES IN (1)", "partition-lock"),
        ("ALTER TABLE people DETACH PARTITION p", "partition-lock"),
        ("VACUUM (FULL) people", "table-rewrite"),
        ("REINDEX TABLE people", "table-rewrite"),
        ("SET LOCAL lock_timeout = 0", "time-limit-changed"),
        ("RESET ALL", "time-limit-changed"),
        ("ALTER TABLE people ADD a int; ALTER TABLE only pets ADD b int", "several-tables"),
        ("ALTER TABLE people ADD a int; DROP TABLE IF EXISTS pets", "several-tables"),
    ],
)
def test_what_keeps_others_waiting_is_found(sql: str, rule: str) -> None:
    assert [each.rule for each in findings("0019.py", f"SELECT 1; {sql};")] == [rule]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE pets (id bigint); UPDATE pets SET id = 1; LOCK TABLE pets",
        "INSERT INTO people VALUES (1, 'UPDATE people SET name')",
        "-- UPDATE people SET name = ''\nSELECT 1",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$; UPDATE people SET id = 1; $$",
        "GRANT UPDATE (name) ON people TO somebody",
        "ALTER TABLE people DETACH PARTITION p CONCURRENTLY",
        "REINDEX INDEX CONCURRENTLY people_pkey",
        "ALTER TABLE people ADD a int; ALTER TABLE public.people ADD b int",
        "ALTER TABLE people VALIDATE CONSTRAINT a; ALTER TABLE pets VALIDATE CONSTRAINT b",
        "CREATE TABLE pets (id int); ALTER TABLE pets ADD b int; ALTER TABLE people ADD a int",
    ],
)
def test_what_keeps_nobody_waiting_is_not(sql: str) -> None:
    assert list(findings("0019.py", sql)) == []


def test_a_migration_is_rendered_as_the_sql_that_it_runs(tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, "UPDATE people SET name = 'a%b'")
    (second,) = revisions(folder, after="1")
    assert second.number == "2"
    assert "UPDATE people SET name = 'a%b'" in second.sql
    assert second.sql.startswith("BEGIN;")


def test_a_reviewed_mark_lets_a_migration_through_and_its_lack_does_not(tmp_path: Path) -> None:
    mark = "# lock-reviewed: backfill-in-migration: the table has a hundred rows at most"
    sql = "UPDATE people SET name = ''"
    number, found = check(write_migrations(tmp_path / "a", sql), nothing, after="1")
    assert (number, [each.rule for each in found]) == (1, ["backfill-in-migration"])
    assert check(write_migrations(tmp_path / "b", sql, mark=mark), nothing, after="1") == (1, [])


def test_a_mark_for_another_rule_without_a_reason_or_without_cause_does_not_count(
    tmp_path: Path,
) -> None:
    mark = "# lock-reviewed: explicit-lock: fine"
    folder = write_migrations(tmp_path, "UPDATE people SET name = ''", mark=mark)
    _, found = check(folder, nothing, after="1")
    assert [(each.rule, each.problem[:14]) for each in found] == [
        ("backfill-in-migration", "changes rows i"),
        ("explicit-lock", "the mark gives"),
        ("explicit-lock", "the mark stand"),
    ]


def test_what_another_program_finds_counts_and_can_be_reviewed(tmp_path: Path) -> None:
    def another(asked: Sequence[Revision]) -> Sequence[Finding]:
        return [Finding(file=each.file, rule="ban-drop-column", problem="drops") for each in asked]

    mark = "# lock-reviewed: ban-drop-column: nothing reads it since release 7"
    sql = "ALTER TABLE people DROP COLUMN name"
    _, found = check(write_migrations(tmp_path / "a", sql), another, after="1")
    assert [each.rule for each in found] == ["ban-drop-column"]
    assert check(write_migrations(tmp_path / "b", sql, mark=mark), another, after="1") == (1, [])


def test_marks_are_read_with_their_reasons() -> None:
    assert marks("# lock-reviewed: a-b: why it is so\n#lock-reviewed: c: d\n") == {
        "a-b": "why it is so"
    }


def test_our_own_migrations_keep_our_own_rules() -> None:
    folder = Path(__file__).resolve().parents[2] / "migrations"
    assert check(folder, nothing)[1] == []
    assert FIRST_INSTALLATION in {each.number for each in revisions(folder, after="0017")}
