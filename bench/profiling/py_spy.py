"""py-spy, which looks at a process from outside: which functions run, a hundred times a second."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.errors import BenchError

_RATE: Final = 100
_SLACK_SECONDS: Final = 60


def record(
    program: Path, pids: Mapping[str, int], folder: Path, *, seconds: int, kind: str, suffix: str
) -> dict[str, Path]:
    """Look at several processes at the same time; return a file for each.

    `kind` is py-spy's: `flamegraph` is an SVG, `raw` has a line for each stack and how often it
    was seen. Whoever waits is left out.

    Raises:
        BenchError: py-spy may not look (it needs CAP_SYS_PTRACE), or found nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.{suffix}" for name in pids}
    started = {
        name: subprocess.Popen(
            (
                *(str(program), "record", "--pid", str(pid), "--duration", str(seconds)),
                *("--rate", str(_RATE), "--format", kind, "--full-filenames"),
                *("--output", str(files[name])),
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, pid in pids.items()
    }
    for name, looking in started.items():
        said, _ = looking.communicate(timeout=seconds + _SLACK_SECONDS)
        if looking.returncode != 0:
            raise BenchError(f"py-spy, {name}: {said.strip()[-500:]}")
    return files


def read_stacks(text: str) -> list[tuple[Sequence[str], int]]:
    """Return the stacks of py-spy's raw format, the outermost frame first, with their counts."""
    stacks: list[tuple[Sequence[str], int]] = []
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        if frames and count.isdecimal():
            stacks.append((frames.split(";"), int(count)))
    return stacks
