"""The partitions of the audit log in PostgreSQL, as the maintainer sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from core.domain.audit_retirement import AuditMonth
from core.domain.audit_row_text import RowText
from core.domain.maintenance import DefaultRows, MonthOutcome
from core.postgres.audit_seal_rows import RowTextRecord, to_row_text
from core.postgres.execution import ReadExecutor
from core.postgres.pool import Pool
from core.postgres.statements import Many, NoParams, One
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import begin

_SMALLEST = -(2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRecord:
    """A partition and its bounds."""

    name: str | None
    from_time: datetime | None
    to_time: datetime | None


class MonthParams(TypedDict):
    """Names a month by one of its days."""

    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRecord:
    """What became of a month."""

    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedRecord:
    """The partition that was made of the default one."""

    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRowsRecord:
    """How far the rows of the default partition reach."""

    oldest: datetime | None
    newest: datetime | None


class BoundedPartitionParams(TypedDict):
    """A partition and its bounds."""

    name: str
    from_time: datetime
    to_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthHeldRecord:
    """Whether a partition is under a hold."""

    is_held: bool | None


class PartitionRowsParams(TypedDict):
    """A partition by its bounds, after which number, and how many rows."""

    from_time: datetime
    to_time: datetime
    after: int
    row_limit: int


LIST_AUDIT_PARTITIONS = Many("audit_partitions", "list_audit_partitions", NoParams, PartitionRecord)
MAKE_AUDIT_MONTH = One("audit_partitions", "make_audit_month", MonthParams, MonthRecord)
ADOPT_AUDIT_DEFAULT = One("audit_partitions", "adopt_audit_default", NoParams, AdoptedRecord)
READ_DEFAULT_ROWS = One("audit_partitions", "read_default_rows", NoParams, DefaultRowsRecord)
READ_WHETHER_MONTH_HELD = One(
    "audit_partitions", "read_whether_month_held", BoundedPartitionParams, MonthHeldRecord
)
READ_PARTITION_ROWS = Many(
    "audit_partitions", "read_partition_rows", PartitionRowsParams, RowTextRecord, prepared=False
)


class PostgresAuditPartitions:
    """Implements the port AuditPartitions; each change is a transaction of its own."""

    def __init__(self, pool: Pool, spans: StatementSpans) -> None:
        """Take the maintainer's pool."""
        self._pool = pool
        self._spans = spans
        self._reader = ReadExecutor(pool, spans)

    async def months(self) -> Sequence[AuditMonth]:
        """Return every partition but the default one, the oldest first."""
        return [
            AuditMonth(name=record.name, from_time=record.from_time, to_time=record.to_time)
            for record in await self._reader.many(LIST_AUDIT_PARTITIONS, NoParams())
            if record.name and record.from_time and record.to_time
        ]

    async def make_month(self, month: date) -> MonthOutcome:
        """Make the partition of a month, if it is missing."""
        params = MonthParams(month=month.isoformat())
        async with begin(self._pool, self._spans) as transaction:
            record = await transaction.executor.one(MAKE_AUDIT_MONTH, params)
            await transaction.commit()
        return MonthOutcome((record and record.outcome) or "")

    async def adopt_default(self) -> str | None:
        """Give the default partition the months of its rows, and make another default one."""
        async with begin(self._pool, self._spans) as transaction:
            record = await transaction.executor.one(ADOPT_AUDIT_DEFAULT, NoParams())
            await transaction.commit()
        return record.name if record else None

    async def default_rows(self) -> DefaultRows:
        """Tell of the rows in the default partition."""
        record = await self._reader.one(READ_DEFAULT_ROWS, NoParams())
        return DefaultRows(
            oldest=record.oldest if record else None, newest=record.newest if record else None
        )

    async def is_held(self, month: AuditMonth) -> bool:
        """Tell whether a hold covers the time or a person of a partition."""
        params = BoundedPartitionParams(
            name=month.name, from_time=month.from_time, to_time=month.to_time
        )
        record = await self._reader.one(READ_WHETHER_MONTH_HELD, params)
        return record is None or bool(record.is_held)

    async def rows(self, month: AuditMonth, *, after: int | None, limit: int) -> Sequence[RowText]:
        """Return rows of a partition after a number, by rising number."""
        params = PartitionRowsParams(
            from_time=month.from_time,
            to_time=month.to_time,
            after=_SMALLEST if after is None else after,
            row_limit=limit,
        )
        found = await self._reader.many(READ_PARTITION_ROWS, params)
        return [to_row_text(record) for record in found]
