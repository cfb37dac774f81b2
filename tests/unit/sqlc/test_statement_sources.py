"""Rules of the files with statements, and no SQL anywhere else."""

from pathlib import Path

import pytest

from tools.sqlc.source_files import find_sql_in_python, read_statements

GOOD = """\
-- Comments may stand before the first statement.

-- name: get_account :one
-- purpose: Reads one account.
SELECT id
FROM users -- the document's name
WHERE id = %(user_id)s;

-- name: count_accounts :one
-- purpose: Counts them.
SELECT count(*) AS accounts FROM users;
"""


def problems(folder: Path, source: str) -> list[str]:
    (folder / "accounts.sql").write_text(source)
    _, findings = read_statements(folder)
    return [str(finding) for finding in findings]


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []
    statements, _ = read_statements(tmp_path)
    get, count = statements["accounts"].values()
    assert (get.name, get.kind, get.purpose) == ("get_account", "one", "Reads one account.")
    assert count.text == "SELECT count(*) AS accounts FROM users"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("SELECT id\n", "SELECT *\n"), "contains a `*`; columns are listed by name"),
        (("SELECT id\n", "SELECT users.*\n"), "contains a `*`; columns are listed by name"),
        (("-- purpose: Reads one account.\n", ""), "has no `-- purpose:` line"),
        (("-- purpose: Reads one account.\n", "-- purpose:\n"), "has no `-- purpose:` line"),
        (("%(user_id)s;", "%(user_id)s; SELECT 1;"), "is more than one statement"),
    ],
)
def test_what_breaks_a_rule_is_named_with_file_and_statement(
    tmp_path: Path, change: tuple[str, str], problem: str
) -> None:
    assert problems(tmp_path, GOOD.replace(*change)) == [f"accounts.sql: get_account: {problem}"]


def test_two_statements_of_one_name_are_refused(tmp_path: Path) -> None:
    doubled = GOOD.replace("count_accounts", "get_account")
    assert problems(tmp_path, doubled) == ["accounts.sql: two statements are named get_account"]


def test_a_statement_without_a_name_is_refused(tmp_path: Path) -> None:
    nameless = "SELECT 1;\n" + GOOD
    assert problems(tmp_path, nameless) == [
        "accounts.sql: SQL stands before the first `-- name:` line"
    ]


@pytest.mark.parametrize(
    "code",
    [
        'QUERY = "SELECT id FROM users"',
        'QUERY = b"select id from users"',
        'QUERY = f"SELECT id FROM {TABLE}"',
        'run("""\n    INSERT INTO users (id) VALUES (1)\n""")',
        'run("UPDATE users SET role = 1")',
        'run("DELETE FROM users")',
        'run("/* why */ DELETE FROM users")',
        'run("WITH old AS (SELECT 1) SELECT 2")',
        'run("TRUNCATE users")',
        'run("MERGE INTO users USING x ON true")',
    ],
)
def test_sql_in_python_is_found(tmp_path: Path, code: str) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "users.py").write_text(f"TABLE = 1\n{code}\n")
    (finding,) = find_sql_in_python(tmp_path, ["core"])
    assert str(finding) == (
        "core/users.py: line 2: SQL stands in Python; statements belong into core/postgres/sql"
    )


@pytest.mark.parametrize(
    "code",
    [
        '"""Select the account that has the address."""',
        'def f() -> None:\n    """Update the row."""',
        'message = "update your profile"',
        'message = "delete the account"',
        'message = "with regard to that"',
        'word = "selected"',
        'word = "select"',
    ],
)
def test_words_are_no_sql(tmp_path: Path, code: str) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "words.py").write_text(code + "\n")
    assert find_sql_in_python(tmp_path, ["core"]) == []
