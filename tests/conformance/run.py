"""One run of schemathesis against a gateway, as one identity, in all phases."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devstack.service_processes import CHECKOUT
from tests.conformance.identities import Identity
from tests.e2e.processes import plain_environment

PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
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
        """What became of each phase that ran: `success`, `failure` or `error`."""
        phases = self.report.get("phases", {})
        return {name: phases[name]["status"] for name in phases if phases[name]["status"] != "skip"}

    @property
    def sent(self) -> int:
        """How many cases were sent."""
        count: int = self.report["test_cases"]["generated"]
        return count

    def accepted(self, operation: str) -> int:
        """How many well-formed requests to an operation (`GET /healthz`) were not refused."""
        rates = self.report["valid_rates"].get(operation, {})
        return sum(rate["accepted"] for rate in rates.values())


def run_schemathesis(
    url: str,
    identity: Identity,
    folder: Path,
    *,
    phases: Sequence[str],
    max_examples: int,
    seed: int,
) -> Outcome:
    """Run to the end; the examples are those of one operation in one phase."""
    report = folder / f"{identity.name}.json"
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIG)),
        *("run", f"{url}/openapi.json", "--phases", ",".join(phases)),
        *("--max-examples", str(max_examples), "--seed", str(seed), "--no-color"),
        *("--report-json-path", str(report)),
    )
    hooks = {"SCHEMATHESIS_HOOKS": _HOOKS, **identity.environment}
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=CHECKOUT,
        env=plain_environment() | hooks,
        text=True,
        check=False,
    )
    return Outcome(
        exit_code=ended.returncode,
        output=ended.stdout,
        report=json.loads(report.read_text()) if report.exists() else {},
    )
