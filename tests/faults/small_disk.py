"""A small file system of its own, which can be filled up and made room on at any moment.

Needs the right to mount, which root has. Where it is missing, `open_disk` yields None.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MEBIBYTES: Final = 1024
_ROOM_LEFT_BYTES: Final = 64 * 1024

# Unmounts when the process that wanted the file system is gone, however it went. Detaching does
# not wait for a server that is still being stopped.
_GUARD: Final = (
    "import subprocess, sys; sys.stdin.read(); subprocess.run(['umount', '-l', sys.argv[1]])"
)


@dataclass(frozen=True, kw_only=True)
class SmallDisk:
    """A tmpfs; only what is written to it takes memory."""

    folder: Path

    def fill(self) -> None:
        """Leave next to no room: whatever needs more than a few pages gets ENOSPC."""
        while True:
            state = os.statvfs(self.folder)
            used = (state.f_blocks - state.f_bfree) * state.f_frsize
            # Refused if more has been written meanwhile.
            if self._resize(used + _ROOM_LEFT_BYTES):
                return

    def make_room(self) -> None:
        """Give back all the room that there was."""
        assert self._resize(_MEBIBYTES * 1024 * 1024)

    def _resize(self, size: int) -> bool:
        options = f"remount,size={size}"
        command = ("mount", "-o", options, str(self.folder))
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def open_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """Mount a file system on a new folder until the block ends; None where that is not allowed."""
    folder.mkdir(parents=True)
    options = f"size={_MEBIBYTES}m,mode=0755"
    command = ("mount", "-t", "tmpfs", "-o", options, "pandora-faults", str(folder))
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        folder.rmdir()
        yield None
        return
    guard = subprocess.Popen(
        [sys.executable, "-c", _GUARD, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield SmallDisk(folder=folder)
    finally:
        guard.communicate()
