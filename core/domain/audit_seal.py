"""Seals: each covers rows of the audit log, in an order of its own, and stands on the one before.

The log is one Merkle tree whose leaves are the rows in the order in which they were sealed, which
is not quite that of their numbers: a transaction may take a number early and commit late.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from core.domain.audit_row_text import RowText, leaf_of
from core.domain.merkle import EMPTY_FRONTIER, Frontier
from core.domain.signed_note import NoteSignature

STATEMENT_VERSION: Final = 1
"""Version of the statement that a seal's hash covers."""

NO_HASH: Final = bytes(32)
"""What the first seal has in the place of the hash of the one before."""

NOTHING_VISIBLE: Final = "1:1:"
"""A snapshot of PostgreSQL before the first transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which rows a seal gathers: those that `snapshot` shows and `since` does not.

    Both are snapshots of PostgreSQL as text (`xmin:xmax:xip,…`). A window of many rows is sealed in
    several steps; `after` is the last number of the step before, None at the first.
    """

    since: str
    snapshot: str
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class SealHead:
    """What a seal states. `size` counts the rows of the whole log, `row_count` those of this seal.

    `is_complete` says that no row of the window is left for the next seal.
    """

    number: int
    origin: str
    sealed_at: datetime
    since: str
    snapshot: str
    is_complete: bool
    row_count: int
    first_sequence: int
    last_sequence: int
    size: int
    root: bytes
    previous_hash: bytes

    def statement(self) -> bytes:
        """Return the RFC 8785 JSON that the seal's hash covers."""
        content: dict[str, object] = {
            "version": STATEMENT_VERSION,
            "number": self.number,
            "origin": self.origin,
            "sealed_at": utc_microseconds(self.sealed_at),
            "since": self.since,
            "snapshot": self.snapshot,
            "is_complete": self.is_complete,
            "row_count": self.row_count,
            "first_sequence": self.first_sequence,
            "last_sequence": self.last_sequence,
            "size": self.size,
            "root": self.root.hex(),
            "previous_hash": self.previous_hash.hex(),
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    @cached_property
    def hash(self) -> bytes:
        """The SHA-256 of the statement."""
        return hashlib.sha256(self.statement()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A seal with what it covers: numbers and leaves of its rows, in their order in the tree."""

    head: SealHead
    sequences: Sequence[int]
    leaves: Sequence[bytes]
    frontier: Frontier


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """What a seal states, and the signature on its checkpoint; `key_version` is Vault's number."""

    head: SealHead
    signature: NoteSignature
    key_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnd:
    """Where the next seal begins."""

    number: int = 0
    hash: bytes = NO_HASH
    frontier: Frontier = EMPTY_FRONTIER
    since: str = NOTHING_VISIBLE
    snapshot: str = NOTHING_VISIBLE
    is_complete: bool = True
    last_sequence: int = 0

    def window(self, current_snapshot: str) -> Window:
        """Return the rest of the last seal's window or, where nothing is left of it, a new one."""
        if self.is_complete:
            return Window(since=self.snapshot, snapshot=current_snapshot)
        return Window(since=self.since, snapshot=self.snapshot, after=self.last_sequence)


def compose(
    end: LogEnd,
    window: Window,
    rows: Sequence[RowText],
    *,
    origin: str,
    sealed_at: datetime,
    is_complete: bool,
) -> Seal:
    """Return the seal that follows `end` and covers these rows, at least one, by rising number.

    A row is covered with the hash that it bears, also where that is wrong: then every verification
    tells so, and the rest of the log is sealed none the less.
    """
    sequences = [row.sequence for row in rows]
    leaves = [leaf_of(row.sequence, row.hash) for row in rows]
    frontier = end.frontier.grown(leaves)
    head = SealHead(
        number=end.number + 1,
        origin=origin,
        sealed_at=sealed_at,
        since=window.since,
        snapshot=window.snapshot,
        is_complete=is_complete,
        row_count=len(rows),
        first_sequence=sequences[0],
        last_sequence=sequences[-1],
        size=frontier.size,
        root=frontier.root(),
        previous_hash=end.hash,
    )
    return Seal(head=head, sequences=sequences, leaves=leaves, frontier=frontier)


def utc_microseconds(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC with six digits of the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
