"""What a verification of the audit log found."""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """Where the log is not what was sealed: the first number concerned, and what is wrong."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """The outcome. `seal_hash` is the newest seal's in lower-case hex, empty where there is none.

    `checked_count` rows were hashed again; `sealed_sequence` is the highest number that is sealed,
    0 where none is. `first_invalid_sequence` and `reason` are None where the log is valid.
    """

    valid: bool
    checked_count: int
    first_invalid_sequence: int | None
    sealed_sequence: int
    seal_hash: str
    reason: str | None


class SequenceRanges:
    """Ranges of numbers, both ends included; those of rows that were retired lawfully."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """Take ranges in any order; they may overlap."""
        self._ends: list[int] = []
        self._starts: list[int] = []
        for first, last in sorted(ranges):
            if self._ends and first <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], last)
            else:
                self._starts.append(first)
                self._ends.append(last)

    def __contains__(self, sequence: int) -> bool:
        """Tell whether a number lies in one of them."""
        at = bisect.bisect_right(self._starts, sequence) - 1
        return at >= 0 and sequence <= self._ends[at]
