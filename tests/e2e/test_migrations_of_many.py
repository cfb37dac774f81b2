"""Migrations go down and up again on many people's data, and what they keep is still provable."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from core.postgres import migration
from tests.e2e.processes import run_to_end
from tests.e2e.site import Site, new_site
from tests.migration.schema_dump import dump
from tests.servers import Servers

pytestmark = pytest.mark.long

USERS: Final = int(os.environ.get("MIGRATION_USERS", "2000"))
PATIENCE_SECONDS: Final = 300 + USERS / 50
BASE: Final = "0013"
"""The oldest schema that holds the audit log with its seals; below it rows would be lost."""
TABLES: Final = ("users", "sessions", "refresh_tokens", "kyc_reviews", "outbox", "audit_events")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say how long it took, for whoever runs this with `-s`."""
    began = monotonic()
    yield
    print(f"{what}: {monotonic() - began:.2f} s")


def answer_of(site: Site, *words: str) -> dict[str, Any]:
    """Run a command that must succeed; return what it prints."""
    environment = site.environment("core")
    done = run_to_end(("core", *words), environment, seconds=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def steps() -> list[str]:
    """Return the revisions from BASE on, the oldest first."""
    every = migration.revisions()
    return every[every.index(BASE) :]


def counted(site: Site) -> dict[str, int]:
    """Return how many rows each table has."""
    with psycopg.connect(site.database.admin_dsn) as admin:
        return {
            table: admin.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            ).fetchall()[0][0]
            for table in TABLES
        }


def test_down_and_up_again_keeps_every_row_and_a_valid_log(
    servers: Servers, tmp_path: Path
) -> None:
    with new_site(servers, tmp_path) as site:
        with timed(f"\n{USERS} people made up"):
            made = answer_of(site, "data", "synthesize", "--users", str(USERS))
        with timed("the log verified"):
            before = answer_of(site, "audit", "verify")
        owner, rows, schema = site.database.owner_dsn, counted(site), dump(site.database.owner_dsn)
        assert (before["valid"], rows["users"]) == (True, USERS)
        assert before["checked_count"] == rows["audit_events"] == made["rows"]["audit_events"]

        revisions = steps()
        for upper, lower in zip(reversed(revisions[1:]), reversed(revisions[:-1]), strict=True):
            with timed(f"down from {upper}"):
                migration.downgrade(owner, lower)
        assert migration.current(owner) == BASE
        for revision in revisions[1:]:
            with timed(f"up to {revision}"):
                migration.upgrade(owner, revision)

        assert dump(owner) == schema
        assert counted(site) == rows
        with timed("the log verified again"):
            after = answer_of(site, "audit", "verify")
        # Its mark went with the table that held it.
        assert after == {**before, "database": "original"}
