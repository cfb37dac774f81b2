"""Programs that run while something is measured, on the loopback."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from tests.e2e.processes import plain_environment

PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
Started = subprocess.Popen[bytes]


@contextmanager
def process(
    folder: Path, name: str, *command: str, environment: Mapping[str, str] | None = None
) -> Iterator[Started]:
    """Run a program until the block ends; what it writes goes to a file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment or plain_environment()),
        )
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def listens(port: int) -> bool:
    """Tell whether somebody accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready: Callable[[], bool], what: str, *programs: Started) -> None:
    """Return when something holds that programs bring about.

    Raises:
        BenchError: one of them has ended, or it took too long.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        for program in programs:
            if program.poll() is not None:
                raise BenchError(f"{program.args!r} ended: {what}")
        if time.monotonic() > deadline:
            raise BenchError(f"not within {PATIENCE_SECONDS:.0f} s: {what}")
        time.sleep(_POLL_SECONDS)
