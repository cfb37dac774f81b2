"""What squawk has no rule for: locks and rewrites that it does not know, and long backfills."""

import re
from collections.abc import Iterator
from typing import Final

from tools.migrations.findings import Finding

_NOISE: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_CREATED: Final = re.compile(
    r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"]+)", re.IGNORECASE
)

_RULES: Final = (
    (
        "backfill-in-migration",
        r"(?:UPDATE\s+(?:ONLY\s+)?|DELETE\s+FROM\s+(?:ONLY\s+)?)(?P<table>[\w.\"]+)",
        ("changes rows in the migration's own transaction: every row stays locked until its end;"
        " backfill in batches, outside"),
    ),
    (
        "explicit-lock",
        r"LOCK\s+(?:TABLE\s+)?(?:ONLY\s+)?(?P<table>[\w.\"]+)",
        "takes a lock by name",
    ),
    (
        "trigger-lock",
        (r"(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s.*?\sON"
        r"|DROP\s+TRIGGER\s.*?\sON)\s+(?P<table>[\w.\"]+)"),
        "makes writers of the table wait (SHARE ROW EXCLUSIVE or more)",
    ),
    (
        "partition-lock",
        (r"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>[\w.\"]+)\s+"
        r"(?:ATTACH\s+PARTITION|DETACH\s+PARTITION(?!.*CONCURRENTLY))"),
        "scans or locks the whole table; attach with a validated CHECK, detach CONCURRENTLY",
    ),
    (
        "table-rewrite",
        (r"(?:VACUUM\s+\(?\s*FULL|CLUSTER\b|REFRESH\s+MATERIALIZED\s+VIEW(?!\s+CONCURRENTLY)"
        r"|REINDEX\b(?!.*CONCURRENTLY))"),
        "keeps everybody out while it rewrites",
    ),
    (
        "time-limit-changed",
        r"(?:SET|RESET)\s+(?:LOCAL\s+|SESSION\s+)?(?:lock_timeout|statement_timeout|ALL)\b",
        "changes the time limits that `python -m core migrate` sets",
    ),
)  # fmt: skip
_STRONG: Final = re.compile(
    r"(?:ALTER\s+TABLE|DROP\s+TABLE)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>[\w.\"]+)"
    r"(?!.*\bVALIDATE\s+CONSTRAINT\b)",
    re.IGNORECASE,
)
"""Keeps readers out; VALIDATE CONSTRAINT does not."""
_ALEMBIC: Final = "alembic_version"


def findings(file: str, sql: str) -> Iterator[Finding]:
    """Tell which statements break a rule. Tables that the same SQL creates have no rows yet."""
    created = {_bare(name) for name in _CREATED.findall(_NOISE.sub(" ", sql))}
    locked = {
        _bare(found["table"])
        for statement in _NOISE.sub(" ", sql).split(";")
        if (found := _STRONG.match(" ".join(statement.split())))
    }
    locked -= {*created, _ALEMBIC}
    if len(locked) > 1:
        problem = (
            f"locks {', '.join(sorted(locked))} in one transaction: a call that uses them the other"
            " way round waits crosswise and fails; one table a migration"
        )
        yield Finding(file=file, rule="several-tables", problem=problem)
    for statement in _NOISE.sub(" ", sql).split(";"):
        words = " ".join(statement.split())
        for rule, pattern, problem in _RULES:
            found = re.match(pattern, words, re.IGNORECASE)
            if found is None:
                continue
            table = _bare(found.groupdict().get("table") or "")
            if table not in created and table != _ALEMBIC:
                yield Finding(file=file, rule=rule, problem=f"{problem}: «{words[:80]}»")


def _bare(name: str) -> str:
    return name.replace('"', "").rpartition(".")[2].lower()
