"""Runs squawk, which knows what PostgreSQL's statements lock and rewrite."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tools.migrations.findings import Finding
from tools.migrations.revisions import Revision

POSTGRES: Final = "18"

# Each with its reason:
NOT_ASKED: Final = (
    "require-lock-timeout",  # `python -m core migrate` sets one for every statement
    "require-statement-timeout",  # an index that is built concurrently may take hours
    "prefer-bigint-over-int",  # a matter of taste without any lock
    "prefer-bigint-over-smallint",
    "prefer-text-field",
    "prefer-robust-stmts",  # each migration is a transaction, recorded in the same
)


class SquawkFailed(Exception):
    """It did not answer as it should."""


def findings(program: Path, migrations: Sequence[Revision]) -> Iterator[Finding]:
    """Ask about migrations.

    Raises:
        SquawkFailed: there is no such program, or it answered something else than its findings.
    """
    with tempfile.TemporaryDirectory(prefix="pandora-migrations-") as name:
        files = {str(Path(name) / f"{each.number}.sql"): each for each in migrations}
        for path, revision in files.items():
            Path(path).write_text(revision.sql)
        for found in _ask(program, list(files)) if files else ():
            yield Finding(
                file=files[found["file"]].file,
                rule=found["rule_name"],
                problem=f"{found['message']} Line {found['line'] + 1} of its SQL."
                f" {found['help'] or ''}".strip(),
            )


def _ask(program: Path, files: Sequence[str]) -> Sequence[dict[str, Any]]:
    try:
        ended = subprocess.run(
            (
                *(program, "--no-error-on-unmatched-pattern", "--reporter", "json"),
                *("--pg-version", POSTGRES, "--exclude", ",".join(NOT_ASKED)),
                *files,
            ),
            check=False,
            capture_output=True,
            text=True,
        )
        answer: list[dict[str, Any]] = json.loads(ended.stdout)
    except (OSError, ValueError) as error:
        raise SquawkFailed(f"squawk gave no answer: {error}") from error
    return answer
