"""Every statement is declared once, with its own kind, and used."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.postgres.statements import parse
from tools.sqlc.declarations import collect, compare_with_files, find_unused

SQL = """\
-- name: get_account :one
-- purpose: Reads one account.
SELECT id FROM users;
"""

HEAD = """\
from dataclasses import dataclass
from uuid import UUID

from core.postgres.statements import Exec, NoParams, One


@dataclass(frozen=True)
class Row:
    id: UUID


"""

DECLARED = 'GET_ACCOUNT = One("accounts", "get_account", NoParams, Row)\n'
USED = "\n\ndef use() -> object:\n    return GET_ACCOUNT\n"


class Room:
    """A package with one module of declarations, imported for real."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "room"
        self.folder.mkdir()
        (self.folder / "__init__.py").write_text("")

    def findings(self, module: str, sql: str = SQL) -> list[str]:
        (self.folder / "accounts.py").write_text(HEAD + module)
        importlib.invalidate_caches()
        declared = collect(importlib.import_module("room"))
        found = compare_with_files(declared, {"accounts": parse(sql)})
        found += find_unused(declared, sorted(self.folder.glob("*.py")))
        return [str(finding) for finding in found]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Room(tmp_path)
    for name in [name for name in sys.modules if name == "room" or name.startswith("room.")]:
        del sys.modules[name]


def test_a_statement_that_is_declared_and_used_is_fine(room: Room) -> None:
    assert room.findings(DECLARED + USED) == []


def test_a_statement_that_nothing_declares_is_named(room: Room) -> None:
    assert room.findings("") == [
        "accounts.sql: get_account: is not declared in Python, so nothing uses it"
    ]


def test_a_declaration_that_nothing_reads_is_named(room: Room) -> None:
    (finding,) = room.findings(DECLARED)
    assert finding == (
        "accounts.sql: get_account: is declared as GET_ACCOUNT in room.accounts,"
        " and nothing uses it"
    )


def test_a_declaration_without_a_statement_is_named(room: Room) -> None:
    assert room.findings(DECLARED.replace("get_account", "get_user") + USED) == [
        "accounts.sql: get_user: is declared in room.accounts and stands in no file",
        "accounts.sql: get_account: is not declared in Python, so nothing uses it",
    ]


def test_a_statement_that_is_declared_twice_is_named(room: Room) -> None:
    again = DECLARED.replace("GET_ACCOUNT", "READ_ACCOUNT") + "\nprint(READ_ACCOUNT)\n"
    assert room.findings(DECLARED + again + USED) == [
        "accounts.sql: get_account: is declared 2 times"
    ]


def test_another_kind_than_the_files_is_named(room: Room) -> None:
    other = 'GET_ACCOUNT = Exec("accounts", "get_account", NoParams)\n'
    assert room.findings(other + USED) == [
        "accounts.sql: get_account: is :one in its file and :exec in room.accounts"
    ]


OPTIONAL_FILTERS = [
    "(%(role)s::text IS NULL OR role = %(role)s)",
    "(%(ids)s::uuid[] is null or id = ANY(%(ids)s))",
]


@pytest.mark.parametrize("optional", OPTIONAL_FILTERS)
def test_an_optional_filter_needs_a_plan_of_its_own(room: Room, optional: str) -> None:
    sql = SQL.replace("FROM users", f"FROM users WHERE {optional}")
    assert room.findings(DECLARED + USED, sql) == [
        "accounts.sql: get_account: has optional filters; declare it with prepared=False"
    ]


@pytest.mark.parametrize("optional", OPTIONAL_FILTERS)
def test_an_optional_filter_is_fine_where_every_call_is_planned(room: Room, optional: str) -> None:
    sql = SQL.replace("FROM users", f"FROM users WHERE {optional}")
    unprepared = DECLARED.replace("Row)", "Row, prepared=False)")
    assert room.findings(unprepared + USED, sql) == []
