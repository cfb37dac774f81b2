"""Checkpoints in a file that is only ever added to, which several processes may share."""

import asyncio
import errno
import fcntl
import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from core.domain.audit_checkpoint import Checkpoint, checkpoint_note, read_checkpoints
from core.domain.audit_seal import SignedHead
from core.domain.errors import DependencyUnavailable

DEPENDENCY: Final = "checkpoints"
"""How errors and metrics call this dependency."""

T = TypeVar("T")

_MODE: Final = 0o640
_PARTED: Final = b"\n\n"
_TAIL_BYTES: Final = 8192
"""Holds several checkpoints; the last one is looked for here."""


class CheckpointFile:
    """Implements the ports CheckpointStore and NoteStore. Checkpoints are parted by empty lines."""

    def __init__(self, path: Path) -> None:
        """Take the file's place; folder and file are made when they are first needed."""
        self._path = path
        self._seen: tuple[tuple[int, int, int], Checkpoint | None] | None = None

    async def newest(self) -> Checkpoint | None:
        """Return the last checkpoint of the file."""
        return await asyncio.to_thread(_translated, self._newest)

    async def append(self, checkpoints: Sequence[SignedHead]) -> int:
        """Add those that follow the last one of the file."""
        return await asyncio.to_thread(_translated, partial(self._append, checkpoints))

    async def add_note(self, note: str) -> None:
        """Add another signed note; whoever reads checkpoints passes over it."""
        await asyncio.to_thread(_translated, partial(self._add_note, note))

    def _newest(self) -> Checkpoint | None:
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return None
        # Asked for several times a second; a file that has not changed is not read again.
        state = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if self._seen is None or self._seen[0] != state:
            self._seen = (state, _last_in(self._path))
        return self._seen[1]

    def _append(self, checkpoints: Sequence[SignedHead]) -> int:
        with self._opened() as descriptor:
            _part_from_what_was_torn(descriptor)
            last = _last_in(self._path)
            number = 0 if last is None else last.number
            missing = [signed for signed in checkpoints if signed.head.number > number]
            text = "".join(f"{checkpoint_note(signed)}\n" for signed in missing)
            _write_all(descriptor, text.encode())
        return len(missing)

    def _add_note(self, note: str) -> None:
        with self._opened() as descriptor:
            _part_from_what_was_torn(descriptor)
            _write_all(descriptor, f"{note}\n".encode())

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the file to add to it, while no other process does."""
        is_new = not self._path.exists()
        if is_new:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
            os.fsync(descriptor)
            if is_new:
                _make_name_durable(self._path.parent)
        finally:
            os.close(descriptor)


def stored_checkpoints(path: Path) -> Iterator[Checkpoint]:
    """Yield every checkpoint of a file, in its order.

    Raises:
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        yield from read_checkpoints(lines)


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except OSError as error:
        detail = None if error.errno is None else errno.errorcode.get(error.errno)
        raise DependencyUnavailable(DEPENDENCY, detail=detail) from error


def _last_in(path: Path) -> Checkpoint | None:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read().decode("utf-8", errors="replace")
    last = deque(read_checkpoints(io.StringIO(tail)), maxlen=1)
    if not last and size > _TAIL_BYTES:
        last = deque(stored_checkpoints(path), maxlen=1)
    return last[0] if last else None


def _part_from_what_was_torn(descriptor: int) -> None:
    """End what somebody left half written, so that it spoils nothing that comes after it."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, len(_PARTED), max(0, size - len(_PARTED))) != _PARTED:
        _write_all(descriptor, _PARTED)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _make_name_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
