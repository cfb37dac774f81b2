"""A file of SHA-1 digests in their order, searched where it lies.

The form is that of Pwned Passwords «ordered by hash»: a line holds forty hexadecimal digits and
perhaps a colon with a count. Such a file has tens of gigabytes. Each look-up reads some forty
short pieces of it, so memory stays constant. The pieces are read with pread(2) and not through
mmap(2): a file that somebody cuts short would end the process by SIGBUS there, here it is a line
that does not read like one.
"""

import os
import re
import stat
import weakref
from collections.abc import Iterator
from pathlib import Path

_LONGEST_LINE = 64
"""Forty digits, a colon, a count of up to twenty digits, and the line's end."""
_SAMPLES = 1000
_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::[0-9]{1,20})?\r?\Z")

Version = tuple[int, int, int, int]
"""Device, inode, size and time of the last change, in nanoseconds."""


class DigestFileRefused(Exception):
    """A file is not what it should be; the message says where, and never quotes it."""


class DigestFile:
    """One version of the file, open for reading; it is closed with its last user."""

    def __init__(self, path: Path) -> None:
        """Open a file and try a thousand lines of it, the first and the last among them.

        Raises:
            DigestFileRefused: it cannot be read, is empty, or is not in form or order.
        """
        self._name = path.name
        try:
            # A pipe would let us wait for its other end for ever.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise DigestFileRefused(f"{self._name} cannot be opened: {error.strerror}") from error
        weakref.finalize(self, os.close, self._descriptor)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DigestFileRefused(f"{self._name} is no regular file")
        self.version = version_of(status)
        self._size = self._content_size(status.st_size)
        self._sample()

    def holds(self, digest: str) -> bool:
        """Tell whether a digest, upper-case hexadecimal, is in the file.

        Raises:
            DigestFileRefused: a line on the way there does not read like one.
        """
        wanted = digest.encode("ascii")
        low, high = 0, self._size
        while low < high:
            start, found, end = self._line_at((low + high) // 2)
            if found == wanted:
                return True
            if found < wanted:
                low = end
            else:
                high = start
        return False

    def _content_size(self, size: int) -> int:
        """Return the size without line ends behind the last line."""
        tail = self._read(max(0, size - _LONGEST_LINE), _LONGEST_LINE)
        return size - (len(tail) - len(tail.rstrip(b"\r\n")))

    def _sample(self) -> None:
        if self._size <= 0:
            raise DigestFileRefused(f"{self._name} is empty")
        before, began = b"", -1
        for place in self._places():
            start, digest, _ = self._line_at(place)
            if start > began and digest <= before:
                raise DigestFileRefused(f"{self._name} is not in the order of its digests")
            before, began = digest, start

    def _places(self) -> Iterator[int]:
        step = max(1, self._size // _SAMPLES)
        yield from range(0, self._size, step)
        yield self._size - 1

    def _line_at(self, place: int) -> tuple[int, bytes, int]:
        """Return where the line around a byte begins, its digest, and where the next one begins."""
        from_place = max(0, place - _LONGEST_LINE)
        piece = self._read(from_place, 2 * _LONGEST_LINE)
        begins = piece.rfind(b"\n", 0, place - from_place) + 1
        ends = piece.find(b"\n", begins)
        ends = len(piece) if ends < 0 else ends
        line = _LINE.match(piece[begins:ends])
        if line is None or (begins == 0 and from_place > 0):
            raise DigestFileRefused(f"{self._name} has no line of a digest around byte {place}")
        return from_place + begins, line[1].upper(), from_place + ends + 1

    def _read(self, place: int, length: int) -> bytes:
        try:
            return os.pread(self._descriptor, length, place)
        except OSError as error:
            raise DigestFileRefused(f"{self._name} cannot be read: {error.strerror}") from error


def version_of(status: os.stat_result) -> Version:
    """Return what changes when a file is replaced or written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
