"""The statements that Python declares, and whether anything uses them."""

import ast
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from core.postgres.statements import NamedSql, Statement
from tools.sqlc.findings import Finding

_OPTIONAL_FILTER = re.compile(r"%\(\w+\)s(::\w+(\[\])?)?\s+IS\s+NULL\s+OR\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A module-level variable that holds a statement."""

    module: str
    variable: str
    statement: Statement[Any]

    def finding(self, problem: str) -> Finding:
        """Return a finding about the statement."""
        return Finding(
            file=f"{self.statement.file}.sql", statement=self.statement.name, problem=problem
        )


def collect(package: ModuleType) -> Sequence[Declaration]:
    """Import every module of a package and return the statements that they declare.

    A variable that was imported from another module is not a declaration of its own.
    """
    names = [
        module.name for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    ]
    seen: set[int] = set()
    declared: list[Declaration] = []
    for name in sorted(names):
        for variable, value in sorted(vars(importlib.import_module(name)).items()):
            if isinstance(value, Statement) and id(value) not in seen:
                seen.add(id(value))
                declared.append(Declaration(module=name, variable=variable, statement=value))
    return declared


def compare_with_files(
    declared: Sequence[Declaration], statements: Mapping[str, Mapping[str, NamedSql]]
) -> list[Finding]:
    """Find statements that are declared but not written, written but not declared, or twice."""
    findings: list[Finding] = []
    times = Counter((one.statement.file, one.statement.name) for one in declared)
    for one in declared:
        sql = statements.get(one.statement.file, {}).get(one.statement.name)
        if sql is None:
            findings.append(one.finding(f"is declared in {one.module} and stands in no file"))
            continue
        if sql.kind != one.statement.kind:
            findings.append(
                one.finding(f"is :{sql.kind} in its file and :{one.statement.kind} in {one.module}")
            )
        if one.statement.prepared and _OPTIONAL_FILTER.search(sql.text):
            # One plan for all values cannot use the index of a filter that may be absent.
            findings.append(one.finding("has optional filters; declare it with prepared=False"))
    for file, written in statements.items():
        for name in written:
            if times[file, name] == 0:
                problem = "is not declared in Python, so nothing uses it"
                findings.append(Finding(file=f"{file}.sql", statement=name, problem=problem))
            elif times[file, name] > 1:
                problem = f"is declared {times[file, name]} times"
                findings.append(Finding(file=f"{file}.sql", statement=name, problem=problem))
    return findings


def find_unused(declared: Sequence[Declaration], sources: Sequence[Path]) -> list[Finding]:
    """Find declarations whose variable no source reads."""
    read = Counter(name for path in sources for name in _names_read(path))
    return [
        one.finding(f"is declared as {one.variable} in {one.module}, and nothing uses it")
        for one in declared
        if read[one.variable] == 0
    ]


def _names_read(path: Path) -> list[str]:
    return [
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)
    ]
