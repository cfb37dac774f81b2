"""A set of many values in little memory: it never misses one, and is wrong now and then."""

from typing import Final

_BITS_FOR_EACH: Final = 24
_MASK: Final = (1 << 64) - 1
_LEAST_BITS: Final = 1 << 16


class ValueFilter:
    """A Bloom filter with three places for each value: one in 600 of the others looks known.

    Places follow from Python's own hash, which is keyed anew in every process: nobody can choose
    values that look alike. It cannot be handed to another process.
    """

    def __init__(self, expected: int) -> None:
        """Take three bytes for each of so many values."""
        self._size = max(_LEAST_BITS, expected * _BITS_FOR_EACH)
        self._bits = bytearray(self._size // 8 + 1)

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
