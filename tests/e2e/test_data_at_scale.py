"""`make data-long`: DATA_USERS people made up, verified, cloned without persons, and scanned.

The clone is killed in its middle and goes on. What it took is kept in build/data-long.json.
"""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from devstack.service_processes import CHECKOUT
from tests.e2e.clone_scene import (
    PATHS,
    Clone,
    kill_when,
    plant_in_the_source,
    rows,
    tell_vault,
    two_sites,
)
from tests.e2e.phases import Phases
from tests.e2e.site import Site
from tests.servers import Servers

pytestmark = pytest.mark.long

USERS: Final = int(os.environ.get("DATA_USERS", "5000"))
WORKERS: Final = ("--workers", "2")
PATIENCE_SECONDS: Final = 120 + USERS / 50
REPORT: Final = CHECKOUT / "build" / "data-long.json"


@dataclass(kw_only=True)
class Report:
    """What each command took; written after each, so that a run that is ended says how far."""

    path: Path
    steps: dict[str, Any] = field(default_factory=lambda: {"wanted_users": USERS})

    def run(self, step: str, site: Site, *words: str) -> dict[str, Any]:
        """Run a command that must succeed; note what it says and took."""
        began = time.monotonic()
        process = site.start(*words)
        with Phases(process.pid, lambda: process.stderr) as phases:
            code = process.exit_code(seconds=PATIENCE_SECONDS)
        seconds = round(time.monotonic() - began, 1)
        assert code == 0, process.stderr[-3000:]
        answer: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
        self.note(step, answer | {"command_seconds": seconds, "phases": phases.told()})
        return answer

    def note(self, step: str, found: object) -> None:
        """Write what is known so far."""
        self.steps[step] = found
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(self.steps, indent=2) + "\n")
        print(f"\n{time.strftime('%H:%M:%S')} {step}: {json.dumps(found)}", flush=True)


def test_so_many_people_leave_nothing_of_theirs_in_a_clone_that_was_killed_once(
    servers: Servers, tmp_path: Path
) -> None:
    report = Report(path=REPORT)
    with two_sites(servers, tmp_path) as clone:
        told = report.run(
            "synthesize", clone.origin, "core", "data", "synthesize", "--users", str(USERS),
            *WORKERS, "--until", "2026-11-01T00:00:00Z",
        )  # fmt: skip
        assert (told["users"], told["sealed_rows"]) == (USERS, told["rows"]["audit_events"])
        verified = report.run("verify", clone.origin, "core", "audit", "verify")
        assert (verified["valid"], verified["checked_count"]) == (True, told["sealed_rows"])

        plant_in_the_source(clone.origin.database)
        tell_vault(servers, clone.origin, clone.site)
        told = _cloned(report, clone, audit_rows=told["sealed_rows"])
        assert told["scan"]["hits"] == {}
        assert told["scan"]["originals"] > 20 * USERS
        verified = report.run("verify the clone", clone.site, "core", "audit", "verify")
        assert (verified["valid"], verified["database"]) == (True, "anonymized")


def _cloned(report: Report, clone: Clone, *, audit_rows: int) -> dict[str, Any]:
    """Clone, killed once a third of the audit log is there; compare how much there is."""
    words = ("core", "data", "anonymize", *PATHS, *WORKERS)
    noted = "SELECT coalesce(sum(row_count), 0) FROM clone_chunks"
    began = time.monotonic()
    kill_when(clone.site, words, noted, above=audit_rows // 3, seconds=PATIENCE_SECONDS)
    kept = rows(clone.site.database, noted)[0][0]
    report.note("killed", {"seconds": time.monotonic() - began, "audit_rows": int(kept)})
    told = report.run("anonymize", clone.site, *words)
    assert told["kept_audit_rows"] >= kept
    for table in ("users", "sessions", "kyc_reviews", "outbox", "audit_events", "known_devices"):
        count = f"SELECT count(*) FROM {table}"  # noqa: S608 - a name from above
        assert rows(clone.site.database, count) == rows(clone.origin.database, count), table
    return told
