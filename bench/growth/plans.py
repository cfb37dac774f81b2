"""Statements whose plans differ between two databases: what a fall with size may come from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import psycopg

from core.postgres.statements import load

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")
_NOTABLE_COST: Final = 1.5
"""A look into an index costs a little more in a larger one; that is not worth a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the planner would do with a statement, whatever its parameters are."""

    statement: str
    shape: str
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One statement in the small and in the large database."""

    small: Plan
    large: Plan

    @property
    def is_notable(self) -> bool:
        """Whether something else is done, or much more of it."""
        dearer = self.large.cost > _NOTABLE_COST * max(1.0, self.small.cost)
        return dearer or self.small.shape != self.large.shape


def changes(small_dsn: str, large_dsn: str) -> list[Change]:
    """Return what changes notably, the dearest first."""
    small, large = explain_all(small_dsn), explain_all(large_dsn)
    pairs = [Change(small=small[name], large=large[name]) for name in small if name in large]
    notable = [change for change in pairs if change.is_notable]
    return sorted(notable, key=lambda change: -change.large.cost)


def explain_all(dsn: str) -> Mapping[str, Plan]:
    """Plan every statement of the service that PostgreSQL can plan without its parameters."""
    found: dict[str, Plan] = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for file in resources.files("core.postgres.sql").iterdir():
            if file.name.endswith(".sql"):
                for name, statement in load(file.name.removesuffix(".sql")).items():
                    plan = _explain(connection, statement.text)
                    if plan is not None:
                        key = f"{file.name.removesuffix('.sql')}.{name}"
                        cost = float(plan["Total Cost"])
                        found[key] = Plan(statement=key, shape=" ".join(_shape(plan)), cost=cost)
    return found


def numbered(text: str) -> str:
    """Return a statement with PostgreSQL's own parameters instead of psycopg's."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    return _PARAMETER.sub(number, text).replace("%%", "%").rstrip().rstrip(";")


def table(found: Sequence[Change]) -> Iterator[str]:
    """Yield them in Markdown."""
    yield "| statement | small: cost | large: cost | small: plan | large: plan |"
    yield "| --- | --- | --- | --- | --- |"
    for one in found:
        small, large = one.small, one.large
        yield (
            f"| `{small.statement}` | {small.cost:,.0f} | {large.cost:,.0f}"
            f" | {small.shape} | {large.shape if large.shape != small.shape else 'the same'} |"
        )


def _explain(connection: psycopg.Connection, text: str) -> Mapping[str, Any] | None:
    try:
        row = connection.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered(text)}").fetchone()
    except psycopg.Error:
        return None  # no plan is made of it: LOCK, NOTIFY, or a parameter of no known type
    return None if row is None else dict(row[0][0]["Plan"])


def _shape(plan: Mapping[str, Any]) -> Iterator[str]:
    on = plan.get("Index Name") or plan.get("Relation Name") or ""
    yield f"{plan['Node Type']}({on})" if on else str(plan["Node Type"])
    parts = plan.get("Plans", ())
    for part in parts[:4]:  # an append over the months of the audit log says the same for each
        yield from _shape(part)
