"""What maintenance needs. Everything raises DependencyUnavailable when its storage is away."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol

from core.domain.audit_retirement import AuditMonth, SignedRetirement
from core.domain.audit_row_text import RowText
from core.domain.maintenance import DefaultRows, MonthOutcome, Served
from core.domain.ports.unit_of_work import UnitOfWork


class AuditPartitions(Protocol):
    """The tables that the audit log is divided into."""

    async def months(self) -> Sequence[AuditMonth]:
        """Return every partition but the default one, the oldest first."""
        ...

    async def make_month(self, month: date) -> MonthOutcome:
        """Make the partition of the month (UTC) that holds a day, if it is missing.

        Raises:
            Conflict: the log is in use by somebody who does not give way.
        """
        ...

    async def adopt_default(self) -> str | None:
        """Give the default partition the months of its rows, and make another default one.

        Returns the partition's name; None where there are no such rows, or no such months.

        Raises:
            Conflict: as `make_month`.
        """
        ...

    async def default_rows(self) -> DefaultRows:
        """Tell of the rows in the default partition."""
        ...

    async def is_held(self, month: AuditMonth) -> bool:
        """Tell whether a hold in force covers the time of a partition, or a person of its rows."""
        ...

    async def rows(self, month: AuditMonth, *, after: int | None, limit: int) -> Sequence[RowText]:
        """Return rows of a partition after a number, by rising number."""
        ...


class RetirementRefused(Exception):
    """The database refuses to drop a partition; `why` is a short name of the reason."""

    def __init__(self, why: str) -> None:
        """Say why: held, not_sealed, too_young, told_falsely, not_told or no_month."""
        super().__init__(f"the partition is not dropped: {why}")
        self.why = why


class AuditRetirements(Protocol):
    """The partitions that were dropped."""

    async def all(self) -> Sequence[SignedRetirement]:
        """Return every record, the oldest first."""
        ...

    async def retire(self, signed: SignedRetirement, *, keep_months: int) -> None:
        """Store the record and drop the partition, in the unit of work that tells of it.

        The row `audit.retire` comes first in that unit of work.

        Raises:
            RetirementRefused: its time is not over, it is held, or not sealed as it is.
            Conflict: the log is in use by somebody who does not give way.
        """
        ...


class RetiringUnitOfWork(UnitOfWork, Protocol):
    """A transaction of the maintainer."""

    @property
    def retirements(self) -> AuditRetirements:
        """The partitions that were dropped."""
        ...


class RetiringDatabase(Protocol):
    """Where such units of work come from; see Database."""

    def transaction(self) -> AbstractAsyncContextManager[RetiringUnitOfWork]:
        """Open a unit of work."""
        ...


class NoteStore(Protocol):
    """A place outside the database that keeps signed notes."""

    async def add_note(self, note: str) -> None:
        """Write a note durably.

        Raises:
            DependencyUnavailable: the place is away; the note may be there, or half of it.
        """
        ...


class ServedRows(Protocol):
    """Rows that have served."""

    async def remove(self, kind: Served, *, before: datetime, limit: int) -> int:
        """Remove some that had served before a time and are under no hold; return how many.

        One batch, durable when this returns. Fewer than `limit` says that no more are left. Of
        refresh tokens all of a session go together, so that a batch can be larger.
        """
        ...


class MaintenanceTurn(Protocol):
    """Lets one process at a time maintain a database."""

    def take(self) -> AbstractAsyncContextManager[bool]:
        """Take the turn for as long as the block runs; False: somebody else has it."""
        ...
