"""Processes that are killed, and started again as an orchestrator does."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.e2e.processes import Process

_LOOK_SECONDS: Final = 0.05
_PAUSE_SECONDS: Final = 0.3
"""Between the end of a process and its next start."""
_STOP_SECONDS: Final = 40.0


class Replica:
    """One process of several; `died` says when it ended although nobody had killed it.

    A start may be refused while something is missing, so only who was ready is held to go on.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        ready: Callable[[], bool],
    ) -> None:
        self.name = name
        self.starts = 0
        self.refused_starts = 0
        self.is_wanted = True
        self.died: list[str] = []
        self._arguments = arguments
        self._environment = environment
        self._folder = folder / name
        self._folder.mkdir()
        self._ready = ready
        self._killed = False
        self._is_ready = False
        self._process = self._start()

    @property
    def is_ready(self) -> bool:
        """Whether it runs and has been ready since its last start."""
        return self._is_ready and self._process.runs

    def kill(self) -> None:
        """Send SIGKILL; `keep` starts it again."""
        self._killed = True
        self._process.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._process.runs:
            os.kill(self._process._child.pid, number)

    async def keep(self) -> None:
        """Start it again whenever it has ended, as long as it is wanted."""
        while True:
            if not self.is_wanted:
                return
            if not self._process.runs:
                self._note_end()
                await asyncio.sleep(_PAUSE_SECONDS)
                self._process = self._start()
            elif not self._is_ready:
                process = self._process
                is_ready = await asyncio.to_thread(self._ready)
                self._is_ready = is_ready and process is self._process
            await asyncio.sleep(_LOOK_SECONDS)

    async def stop(self) -> None:
        """End it as an orchestrator does; it must end well."""
        await asyncio.to_thread(self._process.stop, seconds=_STOP_SECONDS)

    def end(self) -> None:
        """Kill it if it still runs."""
        if self._process.runs:
            self._process.kill()
            self._process.exit_code(seconds=_STOP_SECONDS)

    def tail(self) -> str:
        """Return the last of what it said."""
        return f"{self.name}:\n{self._process.stdout[-1500:]}{self._process.stderr[-1500:]}"

    def _start(self) -> Process:
        self.starts += 1
        self._killed = self._is_ready = False
        # Started by the thread that lives as long as the run: the kernel ends a child whose
        # starting thread is gone, see `processes`.
        return Process(self._arguments, self._environment, self._folder)

    def _note_end(self) -> None:
        code = self._process.exit_code(seconds=_STOP_SECONDS)
        if self._killed:
            return
        if self._is_ready:
            at = time.strftime("%H:%M:%S")
            self.died.append(
                f"{self.name} ended with {code} at {at}: {self._process.stderr[-500:]}"
            )
        else:
            self.refused_starts += 1
