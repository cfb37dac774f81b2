"""Digests of originals on their way to the disk, in parts: memory stays small, however many."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from core.data.scanning.digests import PARTS, Digests
from core.data.scanning.tokens import SHORTEST, normal

_PIECE_BYTES: Final = 16 * 1024
_RECENT_MOST: Final = 100_000


class OriginalsFile:
    """Takes the originals that one process reads; the same one soon again is written once.

    After each block everything is on the disk, and `originals` starts anew.
    """

    def __init__(
        self, folder: Path, name: str, digests: Digests, vocabulary: frozenset[str]
    ) -> None:
        """Take words of the service's own, too, which are no originals."""
        self._folder = folder
        self._name = name
        self._digests = digests
        self._vocabulary = frozenset(map(normal, vocabulary))
        self._pieces = [bytearray() for _ in range(PARTS)]
        self._recent: set[str] = set()
        self.originals = 0

    def __enter__(self) -> Self:
        """Begin a block."""
        self.originals = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Write what is left; after an error nothing is worth it."""
        if error is None:
            for part in range(PARTS):
                self._write(part)

    def add(self, original: str) -> None:
        """Take one."""
        value = normal(original)
        if len(value) < SHORTEST or value in self._vocabulary:
            return
        self.originals += 1
        recent = self._recent
        if value in recent:
            return
        if len(recent) >= _RECENT_MOST:
            recent.clear()
        recent.add(value)
        digest = self._digests.digest(value)
        piece = self._pieces[digest[0]]
        piece += digest
        if len(piece) >= _PIECE_BYTES:
            self._write(digest[0])

    def _write(self, part: int) -> None:
        piece = self._pieces[part]
        if piece:
            with written_path(self._folder, part, self._name).open("ab") as file:
                file.write(piece)
            piece.clear()


def written_path(folder: Path, part: int, name: str) -> Path:
    """Return where one process writes one part; a name has no dot."""
    return folder / f"{part:03d}.{name}.written"


def read_written(folder: Path, part: int) -> bytes:
    """Return what all processes wrote of a part, as often as they wrote it."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{part:03d}.*.written")))
