"""What a verification reads: one state of the log, from its beginning to its end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.audit_retirement import SignedRetirement
from core.domain.audit_row_text import RowText
from core.domain.audit_seal import SignedHead


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeal:
    """A seal as it lies in the storage, which may hold anything.

    `leaf_hashes` and `frontier` are hashes, one after the other.
    """

    signed: SignedHead
    sequences: Sequence[int | None]
    leaf_hashes: bytes
    frontier: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """One state of the log: what others call it, and where it ends.

    `next_transaction` is above the number of every transaction that this state shows, and
    `sealed_sequence` the highest number that a seal states to cover, 0 where there is none.
    """

    snapshot: str
    next_transaction: int
    sealed_sequence: int
    newest: SignedHead | None


class LogReader(Protocol):
    """Reads; each iterator is to be used up before the next one begins.

    Every call raises DependencyUnavailable when the storage is out of reach.
    """

    def seals(self, first: int, last: int) -> Iterator[StoredSeal]:
        """Yield the seals between two numbers, both included, by rising number."""
        ...

    def leaves(self, above: int, up_to: int) -> Iterator[tuple[Sequence[int | None], bytes]]:
        """Yield numbers and leaves of every seal that states to cover rows of such numbers."""
        ...

    def rows(self, above: int, up_to: int) -> Iterator[RowText]:
        """Yield the rows with numbers above one and up to another, by rising number."""
        ...

    def retirements(self) -> Sequence[SignedRetirement]:
        """Return the records of the months that were dropped, lawfully or not."""
        ...

    def heads_of(self, numbers: Sequence[int]) -> Sequence[SignedHead]:
        """Return what the seals with these numbers state, as far as there are such seals."""
        ...
