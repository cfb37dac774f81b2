"""Dropping audit rows whose time is over, and the signed record that remains of them."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.audit_seal import utc_microseconds
from core.domain.signed_note import KeyRing, NoteSignature, SignatureCheck, write_note

LEAST_MONTHS: Final = 60
"""Directive (EU) 2015/849, article 40: five years. The database refuses to drop what is younger."""

_BLOCK_BITS: Final = 16
"""Leaves are digested by blocks of so many numbers (as a power of two)."""

_RANGES: Final = re.compile(r"\[(-?\d+),(-?\d+)\)", re.ASCII)

Ranges = Sequence[tuple[int, int]]
"""Ranges of numbers, rising, without touching each other; both ends included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMonth:
    """A partition of the log, as a rule one month. `to_time` is not included."""

    name: str
    from_time: datetime
    to_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """What a record says of a partition that was dropped."""

    origin: str
    partition: str
    from_time: datetime
    to_time: datetime
    row_count: int
    sequences: Ranges
    digest: bytes
    retired_at: datetime

    def text(self) -> str:
        """Return what is signed. No checkpoint has this form: its second line is a number."""
        spans = ",".join(f"{first}-{last}" for first, last in self.sequences)
        return (
            f"{self.origin}\nretirement {self.partition}\n"
            f"from {utc_microseconds(self.from_time)}\nto {utc_microseconds(self.to_time)}\n"
            f"rows {self.row_count}\ndigest {self.digest.hex()}\n"
            f"time {utc_microseconds(self.retired_at)}\nsequences {spans or 'none'}\n"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRetirement:
    """A record and its signature; `key_version` is Vault's number of the key."""

    retirement: Retirement
    signature: NoteSignature
    key_version: int

    def note(self) -> str:
        """Return the record as a signed note (c2sp.org/signed-note)."""
        return write_note(self.retirement.text(), self.retirement.origin, self.signature)

    def is_signed(self, keys: KeyRing, check: SignatureCheck) -> bool:
        """Tell whether one of the log's keys made the signature."""
        text, origin = self.retirement.text(), self.retirement.origin
        return keys.signer(text, origin, self.signature, check) is not None


class Census:
    """Counts rows as they come by rising number, and digests their leaves, in constant memory."""

    def __init__(self) -> None:
        self.row_count = 0
        self._ranges: list[tuple[int, int]] = []
        self._digest = hashlib.sha256()
        self._block = hashlib.sha256()
        self._block_number: int | None = None

    def take(self, sequence: int, leaf: bytes) -> None:
        """Count the row that follows the last one."""
        number = sequence >> _BLOCK_BITS
        if number != self._block_number:
            self._end_block()
            self._block_number = number
        self._block.update(leaf)
        self.row_count += 1
        if self._ranges and self._ranges[-1][1] == sequence - 1:
            self._ranges[-1] = (self._ranges[-1][0], sequence)
        else:
            self._ranges.append((sequence, sequence))

    @property
    def sequences(self) -> Ranges:
        """The numbers of the rows."""
        return tuple(self._ranges)

    def digest(self) -> bytes:
        """Return the digest of all leaves; nothing can be counted afterwards."""
        self._end_block()
        self._block_number = None
        return self._digest.digest()

    def _end_block(self) -> None:
        if self._block_number is not None:
            self._digest.update(self._block.digest())
            self._block = hashlib.sha256()


def write_ranges(ranges: Iterable[tuple[int, int]]) -> str:
    """Return ranges as PostgreSQL writes an int8multirange."""
    return "{" + ",".join(f"[{first},{last + 1})" for first, last in ranges) + "}"


def read_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of an int8multirange as PostgreSQL writes it."""
    for first, end in _RANGES.findall(text):
        yield int(first), int(end) - 1
