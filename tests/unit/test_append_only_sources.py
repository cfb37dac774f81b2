"""Nothing in the code base changes or removes a row of the audit log, its seals, or its records.

Tests tamper on purpose; everything else that runs, or that a migration runs, is looked through.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("core", "gateway", "devstack", "tools", "migrations")

_TABLE = r"(?:only\s+)?(?:\"?public\"?\s*\.\s*)?\"?audit_(?:events|seals|retirements)"
FORBIDDEN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bupdate\s+{_TABLE}",
        rf"\bdelete\s+from\s+{_TABLE}",
        rf"\btruncate\s+(?:table\s+)?(?:[\w\".]+\s*,\s*)*{_TABLE}",
        rf"\bmerge\s+into\s+{_TABLE}",
        rf"\binsert\s+into\s+{_TABLE}[^;]*\bon\s+conflict\b",
        rf"\bcopy\s+{_TABLE}",
        r"\bdrop\s+trigger\s+(?:if\s+exists\s+)?audit_events_(?:append_only|never_truncated)",
        r"\bdisable\s+trigger\b",
        r"\bsession_replication_role\b",
        rf"\bgrant\b[^;]*\b(?:update|delete|truncate|all)\b[^;]*\bon\s+(?:table\s+)?{_TABLE}",
    )
]


def texts() -> Iterator[tuple[str, str]]:
    """Yield every SQL file and every literal text of Python, each with its place."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.sql")):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
                elif isinstance(node, ast.JoinedStr):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", _joined(node)


def _joined(node: ast.JoinedStr) -> str:
    """Return an f-string with a name in the place of each value."""
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "x"
        for part in node.values
    )


def without_comments(text: str) -> str:
    """Return SQL without what the server does not read."""
    return re.sub(r"/\*.*?\*/|--[^\n]*", " ", text, flags=re.DOTALL)


def faults(text: str) -> list[str]:
    """Return what in a text would change what is only ever added to."""
    sql = without_comments(text)
    return [found[0] for pattern in FORBIDDEN if (found := pattern.search(sql))]


def test_no_statement_changes_what_is_only_added_to() -> None:
    looked_at, found = 0, []
    for place, text in texts():
        looked_at += 1
        found += [f"{place}: {fault}" for fault in faults(text)]
    assert found == []
    assert looked_at > 1000


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET reason = NULL",
        "update only public.audit_events\nset x = 1",
        'UPDATE "public"."audit_events_y2026m11" SET x = 1',
        "WITH gone AS (DELETE FROM audit_seals RETURNING number) SELECT 1",
        "DELETE /* quick */ FROM -- now\n audit_retirements",
        "TRUNCATE audit_events",
        "TRUNCATE TABLE users, audit_events CASCADE",
        "MERGE INTO audit_events AS e USING x ON true WHEN MATCHED THEN DELETE",
        "INSERT INTO audit_events (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET x = 1",
        "ALTER TABLE audit_events DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "DROP TRIGGER audit_events_append_only ON audit_events",
        "GRANT SELECT, UPDATE ON audit_events TO pandora_service",
        "GRANT ALL ON TABLE audit_seals TO pandora_maintainer",
    ],
)
def test_the_search_finds_whatever_way_it_is_written(statement: str) -> None:
    assert faults(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_events (id) VALUES (%(id)s)",
        "SELECT sequence FROM audit_events WHERE action = 'user.update'",
        "CREATE TRIGGER x BEFORE UPDATE OR DELETE ON audit_events EXECUTE FUNCTION f()",
        "UPDATE audit_legal_holds SET released_at = now()",
        "-- nobody may UPDATE audit_events",
    ],
)
def test_the_search_leaves_alone_what_adds_and_reads(statement: str) -> None:
    assert faults(statement) == []
