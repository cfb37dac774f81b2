"""Rules of the text of statements, and the search for SQL that hides in Python."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.postgres.statements import NamedSql, parse
from tools.sqlc.findings import Finding

_STAR = re.compile(r"\*")
_COUNT_STAR = re.compile(r"\bcount\s*\(\s*\*\s*\)", re.IGNORECASE)
_SQL = re.compile(
    r"^\s*(/\*.*?\*/\s*)?("
    r"select\b[\s\S]+|insert\s+into\b|update\s+[\w.\"]+\s+set\b|delete\s+from\b"
    r"|with\s+\w+\s+as\b|merge\s+into\b|truncate\s+(table\s+)?\w+)",
    re.IGNORECASE,
)


def read_statements(folder: Path) -> tuple[Mapping[str, Mapping[str, NamedSql]], list[Finding]]:
    """Read every `*.sql` of a folder; return the statements by file, and what is wrong in them."""
    statements: dict[str, Mapping[str, NamedSql]] = {}
    findings: list[Finding] = []
    for path in sorted(folder.glob("*.sql")):
        try:
            statements[path.stem] = parse(path.read_text("utf-8"))
        except ValueError as error:
            findings.append(Finding(file=path.name, problem=str(error)))
            continue
        for sql in statements[path.stem].values():
            findings += [
                Finding(file=path.name, statement=sql.name, problem=problem)
                for problem in _problems(sql)
            ]
    return statements, findings


def find_sql_in_python(root: Path, folders: Sequence[str]) -> list[Finding]:
    """Look for SQL in the strings of all Python files below some folders of a checkout."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    return [
        Finding(
            file=str(path.relative_to(root)),
            problem=f"line {line}: SQL stands in Python; statements belong into core/postgres/sql",
        )
        for path in paths
        for line in _lines_with_sql(ast.parse(path.read_text("utf-8")))
    ]


def _problems(sql: NamedSql) -> Iterator[str]:
    if not sql.purpose:
        yield "has no `-- purpose:` line"
    if _STAR.search(_COUNT_STAR.sub("", sql.text)):
        yield "contains a `*`; columns are listed by name"
    if ";" in sql.text:
        yield "is more than one statement"


def _lines_with_sql(module: ast.Module) -> Iterator[int]:
    documentation = {id(node) for node in _docstrings(module)}
    for node in ast.walk(module):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, (str, bytes)):
            continue
        text = (
            node.value.decode("utf-8", "replace") if isinstance(node.value, bytes) else node.value
        )
        if id(node) not in documentation and _SQL.match(text):
            yield node.lineno


def _docstrings(module: ast.Module) -> Iterator[ast.Constant]:
    """Yield every string that stands alone as a statement: docstrings, of attributes as well."""
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
