"""A set of many values in little memory: it never misses one, and is wrong now and then."""

import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

_BITS_FOR_EACH: Final = 24
_MASK: Final = (1 << 64) - 1
_LEAST_BITS: Final = 1 << 16
_PIECE_BYTES: Final = 1 << 20


class ValueFilter:
    """A Bloom filter with three places for each value: one in 600 of the others looks known.

    Places follow from Python's own hash, which is keyed anew at random: nobody can choose values
    that look alike. Processes that share a filter by its file must share that key as well
    (PYTHONHASHSEED). The file holds bits, and no value.
    """

    def __init__(self, bits: bytearray | mmap.mmap) -> None:
        """Take the bits, all of them 0 at first."""
        self._bits = bits
        self._size = (len(bits) - 1) * 8

    @classmethod
    def in_memory(cls, expected: int) -> Self:
        """Return a filter for so many values; three bytes each."""
        return cls(bytearray(_bytes_for(expected)))

    @classmethod
    def in_file(cls, path: Path, expected: int) -> Self:
        """Return a filter whose bits lie in a file, which is made unless it is there."""
        length = _bytes_for(expected)
        with path.open("a+b") as file:
            file.truncate(length)
            return cls(mmap.mmap(file.fileno(), length))

    def add(self, value: str) -> None:
        """Remember a value."""
        bits, size = self._bits, self._size
        first = hash(value) & _MASK
        for place in (first % size, (first >> 17) % size, (first >> 34 | first << 30) % size):
            bits[place >> 3] |= 1 << (place & 7)

    def may_hold(self, value: str) -> bool:
        """Tell whether a value was added, or looks as if it was."""
        bits, size = self._bits, self._size
        first = hash(value) & _MASK
        place = first % size
        if not bits[place >> 3] >> (place & 7) & 1:
            return False
        place = (first >> 17) % size
        if not bits[place >> 3] >> (place & 7) & 1:
            return False
        place = (first >> 34 | first << 30) % size
        return bool(bits[place >> 3] >> (place & 7) & 1)


def unite(paths: Iterable[Path], into: Path) -> None:
    """Write a file that holds what any of the files holds, all of one length."""
    files = [path.open("rb") for path in paths]
    try:
        with into.open("wb") as united:
            while pieces := [piece for file in files if (piece := file.read(_PIECE_BYTES))]:
                bits = 0
                for piece in pieces:
                    bits |= int.from_bytes(piece)
                united.write(bits.to_bytes(len(pieces[0])))
    finally:
        for file in files:
            file.close()


def _bytes_for(expected: int) -> int:
    return max(_LEAST_BITS, expected * _BITS_FOR_EACH) // 8 + 1
