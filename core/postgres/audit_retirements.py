"""The records of dropped partitions in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict

from core.domain.audit_retirement import (
    Retirement,
    SignedRetirement,
    read_ranges,
    write_ranges,
)
from core.domain.ports.maintenance import RetirementRefused
from core.domain.signed_note import KEY_ID_BYTES, NoteSignature
from core.postgres.errors import StatementFailed
from core.postgres.execution import Executor
from core.postgres.statements import Exec, Many, NoParams


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementRecord:
    """A record's row."""

    partition: str
    origin: str
    from_time: datetime
    to_time: datetime
    row_count: int
    sequences: str | None
    digest: bytes
    retired_at: datetime
    signature: bytes
    key_version: int


class RetireParams(TypedDict):
    """A record, and how long rows are kept; the database knows the partition's bounds."""

    partition: str
    origin: str
    row_count: int
    sequences: str
    digest: bytes
    retired_at: datetime
    signature: bytes
    key_version: int
    keep_months: int


LIST_AUDIT_RETIREMENTS = Many(
    "audit_partitions", "list_audit_retirements", NoParams, RetirementRecord
)
RETIRE_AUDIT_MONTH = Exec("audit_partitions", "retire_audit_month", RetireParams)

_REASONS: Mapping[str | None, str] = MappingProxyType(
    {
        "audit_retirement_of_a_month": "no_month",
        "audit_retirement_in_time": "too_young",
        "audit_retirement_not_held": "held",
        "audit_retirement_sealed": "not_sealed",
        "audit_retirement_told_truly": "told_falsely",
        "audit_retirement_told": "not_told",
    }
)


class PostgresAuditRetirements:
    """Implements the port AuditRetirements; only the maintainer's role may retire."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def all(self) -> Sequence[SignedRetirement]:
        """Return every record, the oldest first."""
        found = await self._run.many(LIST_AUDIT_RETIREMENTS, NoParams())
        return [to_signed(record) for record in found]

    async def retire(self, signed: SignedRetirement, *, keep_months: int) -> None:
        """Store the record and drop the partition."""
        retirement = signed.retirement
        params = RetireParams(
            partition=retirement.partition,
            origin=retirement.origin,
            row_count=retirement.row_count,
            sequences=write_ranges(retirement.sequences),
            digest=retirement.digest,
            retired_at=retirement.retired_at,
            signature=signed.signature.joined(),
            key_version=signed.key_version,
            keep_months=keep_months,
        )
        try:
            await self._run.execute(RETIRE_AUDIT_MONTH, params)
        except StatementFailed as failure:
            if failure.constraint in _REASONS:
                raise RetirementRefused(_REASONS[failure.constraint]) from None
            raise


def to_signed(record: RetirementRecord) -> SignedRetirement:
    """Return what a row says; whether its signature is one is for others to find out."""
    return SignedRetirement(
        retirement=Retirement(
            origin=record.origin,
            partition=record.partition,
            from_time=record.from_time,
            to_time=record.to_time,
            row_count=record.row_count,
            sequences=tuple(read_ranges(record.sequences or "")),
            digest=record.digest,
            retired_at=record.retired_at,
        ),
        signature=NoteSignature(
            key_id=record.signature[:KEY_ID_BYTES], signature=record.signature[KEY_ID_BYTES:]
        ),
        key_version=record.key_version,
    )
