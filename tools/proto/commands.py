"""Runs the programs that the tool chain is made of."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class ToolError(Exception):
    """A check failed, or a program could not do its work; the text is written for the developer."""


def run(
    command: Sequence[str | Path], *, cwd: Path, accepted: Sequence[int] = (0,)
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` in `cwd` and return what it wrote.

    Raises ToolError, with the program's own words, when its exit status is not among `accepted` or
    it is not installed.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=cwd, env=_environment(), capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise ToolError(f"{name} is not installed or not on the PATH") from error
    if done.returncode not in accepted:
        words = (done.stdout + done.stderr).decode(errors="replace").strip()
        # A module is named as itself, not as `python -m`.
        step = command[2] if command[1] == "-m" else f"{name} {command[1]}"
        raise ToolError(f"{step}:\n{words}")
    return done


def _environment() -> dict[str, str]:
    """Return an environment in which buf finds this interpreter's `python`, and that our plugin.

    buf.gen.yaml names both plainly, so that it reads the same on every machine.
    """
    return os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
