"""Statements on seals and on what they cover, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TypedDict

from core.domain.audit_row_text import RowText
from core.domain.audit_seal import LogEnd, Seal, SealHead, SignedHead
from core.domain.merkle import Frontier
from core.domain.ports.audit_seals import KeySignature
from core.domain.signed_note import KEY_ID_BYTES, NoteSignature
from core.postgres.statements import Exec, Many, NoParams, One


class LockParams(TypedDict):
    """The key of an advisory lock."""

    lock_key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingRecord:
    """Whether the lock is ours, and what the transaction sees."""

    is_taken: bool
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEndRecord:
    """The newest seal, as far as the next one needs it."""

    number: int
    hash: bytes
    size: int
    frontier: bytes
    since: str
    snapshot: str
    is_complete: bool
    last_sequence: int
    is_foreign: bool


class NewRowsParams(TypedDict):
    """Two snapshots as text, and how many rows to read."""

    since: str
    snapshot: str
    row_limit: int


class RemainingRowsParams(NewRowsParams):
    """The same, after a number."""

    after: int


@dataclass(frozen=True, slots=True)
class RowTextRecord:
    """A row of the log as text; the columns of `RowText` in their order."""

    sequence: int
    transaction_id: str
    version: int
    id: str
    occurred_at: str
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: str | None
    outcome: str
    reason: str | None = field(repr=False)
    origin_owner: str | None
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: str
    hash: str


class AddSealParams(TypedDict):
    """All that is stored of a seal."""

    number: int
    origin: str
    sealed_at: datetime
    since: str
    snapshot: str
    is_complete: bool
    first_sequence: int
    last_sequence: int
    sequences: list[int]
    leaf_hashes: bytes
    size: int
    frontier: bytes
    root: bytes
    previous_hash: bytes
    hash: bytes
    signature: bytes
    key_version: int


class HeadsParams(TypedDict):
    """From which number on, and how many."""

    number: int
    row_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRecord:
    """What a seal states, and its signature."""

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
    signature: bytes
    key_version: int


BEGIN_SEALING = One("audit_seals", "begin_sealing", LockParams, SealingRecord)
READ_LOG_END = One("audit_seals", "read_log_end", NoParams, LogEndRecord)
# Planned anew each time: only the values tell that few rows of a large log are asked for.
READ_NEW_ROWS = Many("audit_seals", "read_new_rows", NewRowsParams, RowTextRecord, prepared=False)
READ_REMAINING_ROWS = Many(
    "audit_seals", "read_remaining_rows", RemainingRowsParams, RowTextRecord, prepared=False
)
ADD_SEAL = Exec("audit_seals", "add_seal", AddSealParams)
READ_HEADS = Many("audit_seals", "read_heads", HeadsParams, HeadRecord)
READ_NEWEST_HEAD = One("audit_seals", "read_newest_head", NoParams, HeadRecord)


_columns = attrgetter(*RowText._fields)


def to_end(record: LogEndRecord) -> LogEnd:
    """Return where the next seal begins."""
    return LogEnd(
        number=record.number,
        hash=record.hash,
        frontier=Frontier.parse(record.size, record.frontier),
        since=record.since,
        snapshot=record.snapshot,
        is_complete=record.is_complete,
        last_sequence=record.last_sequence,
    )


def to_row_text(record: RowTextRecord) -> RowText:
    """Return the row."""
    return RowText._make(_columns(record))


def to_params(seal: Seal, signed: KeySignature) -> AddSealParams:
    """Return what is stored of a seal."""
    head = seal.head
    return AddSealParams(
        number=head.number,
        origin=head.origin,
        sealed_at=head.sealed_at,
        since=head.since,
        snapshot=head.snapshot,
        is_complete=head.is_complete,
        first_sequence=head.first_sequence,
        last_sequence=head.last_sequence,
        sequences=list(seal.sequences),
        leaf_hashes=b"".join(seal.leaves),
        size=head.size,
        frontier=seal.frontier.joined(),
        root=head.root,
        previous_hash=head.previous_hash,
        hash=head.hash,
        signature=signed.signature.joined(),
        key_version=signed.key_version,
    )


def to_head(record: HeadRecord) -> SignedHead:
    """Return what a seal states, and its signature."""
    head = SealHead(
        number=record.number,
        origin=record.origin,
        sealed_at=record.sealed_at,
        since=record.since,
        snapshot=record.snapshot,
        is_complete=record.is_complete,
        row_count=record.row_count,
        first_sequence=record.first_sequence,
        last_sequence=record.last_sequence,
        size=record.size,
        root=record.root,
        previous_hash=record.previous_hash,
    )
    # Not parsed: whoever writes past the constraints may have written anything.
    signature = NoteSignature(
        key_id=record.signature[:KEY_ID_BYTES], signature=record.signature[KEY_ID_BYTES:]
    )
    return SignedHead(head=head, signature=signature, key_version=record.key_version)
