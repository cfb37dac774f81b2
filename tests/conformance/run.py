"""One run of schemathesis against a gateway, as one identity, in all phases."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devstack.service_processes import CHECKOUT
from tests.conformance.identities import Identity
from tests.e2e.processes import plain_environment

PHASES: Final = frozenset({"examples", "coverage", "fuzzing", "stateful"})
_CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
_HOOKS: Final = "tests.conformance.hooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended."""

    exit_code: int
    output: str
    """What schemathesis says of its findings, each with a command that repeats it."""
    report: dict[str, Any]
    """Its report as JSON; empty where it could not begin."""

    @property
    def phases(self) -> dict[str, str]:
        """What became of each phase: `success`, `failure`, `error`, `skip` …"""
        return {name: phase["status"] for name, phase in self.report.get("phases", {}).items()}

    @property
    def sent(self) -> int:
        """How many cases were sent."""
        count: int = self.report["test_cases"]["generated"]
        return count

    def accepted(self, operation: str) -> int:
        """How many well-formed requests to an operation (`GET /healthz`) were not refused."""
        rates = self.report["valid_rates"].get(operation, {})
        return sum(rate["accepted"] for rate in rates.values())


def start_schemathesis(
    url: str, identity: Identity, folder: Path, *, max_examples: int, seed: int
) -> "subprocess.Popen[str]":
    """Begin a run; the examples are those of one operation in one phase."""
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIG)),
        *("run", f"{url}/openapi.json", "--phases", ",".join(sorted(PHASES))),
        *("--max-examples", str(max_examples), "--seed", str(seed), "--no-color"),
        *("--report-json-path", str(_report(folder, identity))),
    )
    hooks = {"SCHEMATHESIS_HOOKS": _HOOKS, **identity.environment}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=CHECKOUT,
        env=plain_environment() | hooks,
        text=True,
    )


def finish(run: "subprocess.Popen[str]", identity: Identity, folder: Path) -> Outcome:
    """Wait for the end of a run."""
    output, _ = run.communicate()
    report = _report(folder, identity)
    return Outcome(
        exit_code=run.returncode,
        output=output,
        report=json.loads(report.read_text()) if report.exists() else {},
    )


def _report(folder: Path, identity: Identity) -> Path:
    return folder / f"{identity.name}.json"
