"""Statements of a verification of the audit log, their parameters, and their rows."""

from dataclasses import dataclass
from typing import TypedDict

from core.domain.audit_seal import SignedHead
from core.postgres.audit_seal_rows import HeadRecord, LockParams, RowTextRecord, to_head
from core.postgres.statements import Many, One


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRecord:
    """Whether the right is ours, and the name of the view for other sessions."""

    is_taken: bool
    snapshot: str
    next_transaction: str
    sealed_sequence: int | None


class BoundariesParams(TypedDict):
    """How many rows a part has."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryRecord:
    """Where a part begins."""

    first_sequence: int


class SealsParams(TypedDict):
    """From which seal to which, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRecord(HeadRecord):
    """Everything of a seal."""

    sequences: list[int]
    leaf_hashes: bytes
    frontier: bytes
    hash: bytes

    def signed_head(self) -> SignedHead:
        """Return what the seal states, and its signature."""
        return to_head(self)


class RangeParams(TypedDict):
    """Above which number, and up to which."""

    above: int
    up_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavesRecord:
    """What a seal covers."""

    number: int
    sequences: list[int]
    leaf_hashes: bytes


class SequenceParams(TypedDict):
    """Which row."""

    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealNumberRecord:
    """Which seal."""

    number: int


class NumbersParams(TypedDict):
    """Which seals."""

    numbers: list[int]


BEGIN_VERIFICATION = One("audit_verification", "begin_verification", LockParams, VerificationRecord)
READ_ROW_BOUNDARIES = Many(
    "audit_verification", "read_row_boundaries", BoundariesParams, BoundaryRecord
)
READ_SEALS = Many("audit_verification", "read_seals", SealsParams, SealRecord)
READ_LEAVES = Many("audit_verification", "read_leaves", RangeParams, LeavesRecord)
READ_ROW_RANGE = Many("audit_verification", "read_row_range", RangeParams, RowTextRecord)
FIND_SEAL_OF = One("audit_verification", "find_seal_of", SequenceParams, SealNumberRecord)
READ_HEADS_OF = Many("audit_verification", "read_heads_of", NumbersParams, HeadRecord)
