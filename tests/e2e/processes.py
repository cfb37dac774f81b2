"""One process of the service: started, watched, told to end, and asked for what it wrote."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devstack.process_table import identity
from devstack.service_processes import CHECKOUT

START_SECONDS: Final = 60.0
"""Nothing takes longer to become ready, however busy the machine is."""

_POLL_SECONDS: Final = 0.02

# prctl(PR_SET_PDEATHSIG, SIGTERM): a test run that is killed takes its processes with it.
_END_WITH_PARENT: Final = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"
)


class ProcessEnded(Exception):
    """A process ended while something was expected of it; with the end of what it wrote."""


class Process:
    """`python -m PROGRAM …` with standard output and standard error in files of their own."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        release: Path = CHECKOUT,
    ) -> None:
        self.name = "-".join(arguments)
        self._output = folder / f"{self.name}.out"
        self._errors = folder / f"{self.name}.err"
        with self._output.open("ab") as output, self._errors.open("ab") as errors:
            self._child = subprocess.Popen(
                [sys.executable, "-c", _END_WITH_PARENT, sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                # Where Python looks first for the program.
                cwd=release,
                env=dict(environment),
            )

    @property
    def stdout(self) -> str:
        """What the process has written to standard output so far."""
        return self._output.read_text()

    @property
    def stderr(self) -> str:
        """What the process has written to standard error so far."""
        return self._errors.read_text()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every complete line of standard output, read as JSON."""
        *complete, _ = self.stdout.split("\n")
        return [json.loads(line) for line in complete]

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._child.poll() is None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._child.pid

    @property
    def identity(self) -> str | None:
        """What changes when the process is replaced by another one."""
        return identity(self._child.pid)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
        """Return once a condition holds that this process brings about.

        Raises:
            ProcessEnded: it ended first, or took too long.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.runs or time.monotonic() > deadline:
                raise ProcessEnded(f"{self.name}:\n{self.stdout[-3000:]}\n{self.stderr[-3000:]}")
            time.sleep(_POLL_SECONDS)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._child.terminate()

    def kill(self) -> None:
        """Send SIGKILL, as the kernel does that has run out of memory."""
        self._child.kill()

    def pause(self) -> None:
        """Send SIGSTOP: the process stands still until it is told to go on."""
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Send SIGCONT."""
        self._child.send_signal(signal.SIGCONT)

    def exit_code(self, *, seconds: float) -> int:
        """Return the exit code; one that does not end in time is killed, and the test fails."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise

    def stop(self, *, seconds: float = 30.0) -> None:
        """End the process as an orchestrator does; it must end well."""
        self.terminate()
        code = self.exit_code(seconds=seconds)
        if code != 0:
            raise ProcessEnded(f"{self.name} ended with {code}:\n{self.stderr[-3000:]}")


def run_to_end(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    text: str = "",
    seconds: float = START_SECONDS,
    release: Path = CHECKOUT,
) -> "subprocess.CompletedProcess[str]":
    """Run `python -m …` to its end, with `text` on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        input=text,
        capture_output=True,
        cwd=release,
        env=dict(environment),
        text=True,
        timeout=seconds,
        check=False,
    )


def plain_environment() -> dict[str, str]:
    """Return this process's environment without any setting of the service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PANDORA_")}
