"""Statements of a clone without persons, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from core.domain.audit import AuditDetails
from core.postgres.statements import Exec, Many, NoParams, One


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRecord:
    """The state of the source that is read."""

    snapshot: str | None
    snapshot_at: datetime | None
    name: str | None
    revision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRecord:
    """A column."""

    table_name: str | None
    column_name: str | None
    type_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtentRecord:
    """How far the audit log reaches; None where it has no row."""

    row_count: int | None
    first: int | None
    last: int | None
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRecord:
    """The number of an audit row."""

    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRecord:
    """How many rows."""

    row_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltedAuditRecord:
    """An audit row with its persons' salts."""

    sequence: int
    version: int | None
    id: UUID
    occurred_at: datetime
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: UUID | None
    outcome: str
    reason: str | None = field(repr=False)
    origin_owner: UUID | None
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: AuditDetails
    hash: str
    origin_salt: bytes | None = field(repr=False)
    about_salt: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """A part of the audit log that the clone has."""

    first_sequence: int
    last_sequence: int
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvancedRecord:
    """Where numbering goes on."""

    audit_sequence: int | None
    outbox_sequence: int | None


class RangeParams(TypedDict):
    """Two numbers, both included."""

    first: int
    last: int


class ChunkEndsParams(TypedDict):
    """A range, and how many rows make a chunk."""

    above: int
    up_to: int
    step: int


class ChunkParams(TypedDict):
    """A part of the audit log, and how many rows it has."""

    first: int
    last: int
    row_count: int


BEGIN_SNAPSHOT: Final = One("cloning", "begin_snapshot", NoParams, SnapshotRecord)
LIST_TEXT_COLUMNS: Final = Many("cloning", "list_text_columns", NoParams, ColumnRecord)
READ_AUDIT_EXTENT: Final = One("cloning", "read_audit_extent", NoParams, ExtentRecord)
LIST_CHUNK_ENDS: Final = Many("cloning", "list_chunk_ends", ChunkEndsParams, SequenceRecord)
COUNT_AUDIT_ROWS: Final = One("cloning", "count_audit_rows", RangeParams, CountRecord)
COUNT_COPIED_ROWS: Final = One("cloning", "count_copied_rows", NoParams, CountRecord)
LIST_AUDIT_SEQUENCES: Final = Many("cloning", "list_audit_sequences", RangeParams, SequenceRecord)
READ_SALTED_ROWS: Final = Many("cloning", "read_salted_rows", RangeParams, SaltedAuditRecord)
LIST_CLONE_CHUNKS: Final = Many("cloning", "list_clone_chunks", NoParams, ChunkRecord)
NOTE_CLONE_CHUNK: Final = Exec("cloning", "note_clone_chunk", ChunkParams)
EMPTY_COPIED_TABLES: Final = Exec("cloning", "empty_copied_tables", NoParams)
ADVANCE_SEQUENCES: Final = One("cloning", "advance_sequences", NoParams, AdvancedRecord)
