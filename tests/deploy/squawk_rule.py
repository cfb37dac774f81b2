"""With squawk itself (`make migrations-check`): what would stop the service is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.migration_files import write_migrations

ROOT = Path(__file__).resolve().parents[2]
SQUAWK = ROOT / "build" / "deploy" / "bin" / "squawk"


def run(folder: Path, program: Path = SQUAWK) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (
            *(sys.executable, "-m", "tools.migrations", "--squawk", program),
            *("--folder", folder, "--after", "1"),
        ),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX people_by_name ON people (name)", "require-concurrent-index-creation"),
        (
            "CREATE INDEX CONCURRENTLY people_by_name ON people (name)",
            "ban-concurrent-index-creation-in-transaction",
        ),
        ("ALTER TABLE people DROP COLUMN name", "ban-drop-column"),
        ("ALTER TABLE people RENAME COLUMN name TO full_name", "renaming-column"),
        ("ALTER TABLE people ALTER COLUMN id TYPE text", "changing-column-type"),
        ("ALTER TABLE people ALTER COLUMN name SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE people ADD CONSTRAINT c CHECK (id > 0)", "constraint-missing-not-valid"),
        ("DROP TABLE people", "ban-drop-table"),
    ],
)
def test_a_statement_that_locks_or_breaks_is_found_and_a_mark_lets_it_through(
    tmp_path: Path, sql: str, rule: str
) -> None:
    found = run(write_migrations(tmp_path / "a", sql))
    assert found.returncode == 1
    assert f"0002_step.py: {rule}:" in found.stderr
    mark = f"# lock-reviewed: {rule}: a reason that is long enough to be one"
    assert f": {rule}:" not in run(write_migrations(tmp_path / "b", sql, mark=mark)).stderr


def test_a_migration_that_only_expands_is_not_found(tmp_path: Path) -> None:
    sql = "ALTER TABLE people ADD COLUMN born date; CREATE TABLE pets (id bigint PRIMARY KEY)"
    done = run(write_migrations(tmp_path, sql))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_program_is_told_with_a_code_of_its_own(tmp_path: Path) -> None:
    done = run(write_migrations(tmp_path, "SELECT 1"), tmp_path / "nothing")
    assert done.returncode == 2
    assert "squawk gave no answer" in done.stderr
