"""Where the time goes in a running process: stacks sampled for some seconds, written to a file.

Off unless a folder is set. What is written are names of functions, files and lines, never values: a
profile holds nothing of anybody. The format is that of collapsed stacks (one line a stack, frames
from the outermost on, then how often it was seen), which flame graph tools read.
"""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

INTERVAL_SECONDS: Final = 0.01
MOST_FILES: Final = 200
"""More than these are removed, the oldest first."""

_SUFFIX: Final = ".collapsed"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilingOptions:
    """Where profiles go (None: nowhere), how long one takes, and how often one is begun.

    `every_seconds` is 0 where only a signal begins one.
    """

    folder: Path | None
    seconds: float
    every_seconds: float
    process: str


class Profiler:
    """Takes one profile at a time, in a thread of its own. All methods belong to the event loop."""

    def __init__(self, options: ProfilingOptions, *, now: Callable[[], datetime]) -> None:
        self._options = options
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._regular: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to profile regularly, if that was asked for."""
        if self._options.folder is not None and self._options.every_seconds > 0:
            self._regular = asyncio.create_task(self._repeat(), name="profiling")

    def begin(self) -> None:
        """Take a profile, unless one is being taken or profiling is off."""
        if self._options.folder is None:
            _log.warning("profiling_is_off", setting="telemetry.profile_folder")
        elif self._task is not None and not self._task.done():
            _log.warning("profile_under_way")
        else:
            self._task = asyncio.create_task(self._take(self._options.folder), name="profile")

    async def stop(self) -> None:
        """Give up what is under way; nothing is written of it."""
        tasks = [task for task in (self._regular, self._task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._options.every_seconds)
            self.begin()

    async def _take(self, folder: Path) -> None:
        stopping = threading.Event()
        _log.info("profile_begins", seconds=self._options.seconds)
        try:
            stacks = await asyncio.to_thread(_sample, self._options.seconds, stopping)
            path = folder / f"{self._options.process}-{self._now():%Y%m%dT%H%M%S%fZ}{_SUFFIX}"
            await asyncio.to_thread(_write, path, stacks)
        except OSError as error:
            _log.warning("profile_unwritten", cause=type(error).__name__)
        else:
            _log.info("profile_written", file=path.name, samples=sum(stacks.values()))
        finally:
            stopping.set()


def _sample(seconds: float, stopping: threading.Event) -> Counter[str]:
    stacks: Counter[str] = Counter()
    own = threading.get_ident()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not stopping.wait(INTERVAL_SECONDS):
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():  # noqa: SLF001 - there is no other way
            if ident != own:
                stacks[_collapsed(names.get(ident, "unnamed"), frame)] += 1
    return stacks


def _collapsed(thread: str, innermost: FrameType) -> str:
    frames: list[str] = []
    frame: FrameType | None = innermost
    while frame is not None:
        code = frame.f_code
        frames.append(f"{code.co_qualname} ({Path(code.co_filename).name}:{code.co_firstlineno})")
        frame = frame.f_back
    return ";".join([thread, *reversed(frames)])


def _write(path: Path, stacks: Counter[str]) -> None:
    """Write a profile whole or not at all, and make room for the next ones."""
    text = "".join(f"{stack} {count}\n" for stack, count in stacks.most_common())
    unfinished = path.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)
    for old in sorted(path.parent.glob(f"*{_SUFFIX}"))[:-MOST_FILES]:
        old.unlink(missing_ok=True)
