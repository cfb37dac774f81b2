"""Runs promtool, which comes with Prometheus: it alone decides what is right PromQL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import yaml

from tools.watching.dashboard_files import Query, queries, without_variables

_MISSING: Final = (
    "promtool is needed: it comes with Debian's package prometheus, and PROMTOOL may name it"
)


class PromtoolMissing(Exception):
    """There is no promtool on this machine."""


def find() -> str:
    """Return the program.

    Raises:
        PromtoolMissing: neither PROMTOOL nor PATH leads to one.
    """
    program = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if program is None or not Path(program).is_file():
        raise PromtoolMissing(_MISSING)
    return program


def check_all(root: Path, program: str) -> list[str]:
    """Check configuration, rules and every dashboard's queries, and run the rules' unit tests.

    Debian's promtool is built without the discovery of Kubernetes, so kubernetes.yml is not shown
    to it.

    Returns:
        What promtool says of each step that failed.
    """
    folder = root / "observability" / "prometheus"
    rules = [str(path) for path in sorted((folder / "rules").glob("*.yml"))]
    tests = [str(path) for path in sorted((folder / "tests").glob("*.yml"))]
    problems = [
        *_run(program, "check", "rules", *rules),
        *_run(program, "check", "config", str(folder / "prometheus.yml")),
    ]
    with tempfile.TemporaryDirectory(prefix="pandora-promtool-") as name:
        dashboards = root / "observability" / "grafana" / "dashboards"
        file = _as_rules(Path(name) / "dashboards.yml", queries(dashboards))
        problems += _run(program, "check", "rules", str(file))
    return problems or _run(program, "test", "rules", *tests)


def _as_rules(file: Path, asked: Iterable[Query]) -> Path:
    """Write queries as recording rules, which promtool can check."""
    recorded = [
        {
            "record": f"query_{number}",
            "expr": without_variables(query.expression),
            "labels": {"place": query.place},
        }
        for number, query in enumerate(asked)
    ]
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": recorded}]}))
    return file


def _run(program: str, *arguments: str) -> list[str]:
    ended = subprocess.run((program, *arguments), check=False, capture_output=True, text=True)
    if ended.returncode == 0:
        return []
    said = f"{ended.stdout}{ended.stderr}".strip()
    return [f"promtool {' '.join(arguments[:2])}: {said}"]
