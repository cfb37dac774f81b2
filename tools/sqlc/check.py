"""The whole check: files, declarations, and the migrated schema."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import psycopg

from core.postgres.statements import NamedSql
from tools.sqlc.comparison import differences
from tools.sqlc.declarations import Declaration, collect, compare_with_files, find_unused
from tools.sqlc.findings import Finding
from tools.sqlc.server import Refused, describe
from tools.sqlc.source_files import find_sql_in_python, read_statements

PRODUCT = ("core", "gateway")
"""Folders whose Python holds no SQL. Migrations are SQL, and tests may speak it."""


def check(
    connection: psycopg.Connection, *, root: Path, package: ModuleType
) -> tuple[int, Sequence[Finding]]:
    """Check a package's statements, which lie in its folder `sql`, on a migrated schema.

    Returns the number of statements and what was found, sorted by place.
    """
    folder = Path(package.__path__[0])
    statements, findings = read_statements(folder / "sql")
    declared = collect(package)
    findings += compare_with_files(declared, statements)
    findings += find_unused(declared, sorted(folder.glob("*.py")))
    findings += find_sql_in_python(root, PRODUCT)
    for one in declared:
        sql = statements.get(one.statement.file, {}).get(one.statement.name)
        if sql is not None:
            findings += _on_schema(connection, one, sql)
    return sum(map(len, statements.values())), sorted(findings)


def _on_schema(
    connection: psycopg.Connection, one: Declaration, sql: NamedSql
) -> Iterator[Finding]:
    try:
        described = describe(connection, sql.text)
    except Refused as refusal:
        yield one.finding(str(refusal))
        return
    for difference in differences(one.statement, described):
        yield one.finding(difference)
