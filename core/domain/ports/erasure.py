"""Erasing what is stored of a person for good."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonStanding:
    """Whether a person may be erased, and under which key their address was stored."""

    email_key: str = field(repr=False)
    is_deleted: bool
    is_erased: bool


class PersonalRecords(Protocol):
    """What is stored of persons, as whoever erases them sees it. Only in a unit of work."""

    async def hold(self, user_id: UUID) -> PersonStanding | None:
        """Hold a person's row, and let nobody publish their events until the unit of work ends.

        None where there is no such person.
        """
        ...

    async def erase(self, user_id: UUID, *, at: datetime) -> None:
        """Destroy the key and everything personal in every table but the audit log.

        Their texts in the audit log cannot be read from then on. Events that held a free text are
        published again without it; other rows are emptied of personal data or removed.
        """
        ...

    async def count_unsealed(self, user_id: UUID) -> int:
        """Count the audit rows with texts of a person that were written before texts were sealed.

        They go with their month, at the end of the log's retention, and not before.
        """
        ...


class ErasingUnitOfWork(UnitOfWork, Protocol):
    """A transaction of whoever may erase."""

    @property
    def personal_records(self) -> PersonalRecords:
        """What is stored of persons."""
        ...


class ErasingDatabase(Protocol):
    """Where such units of work come from; see Database."""

    def transaction(self) -> AbstractAsyncContextManager[ErasingUnitOfWork]:
        """Open a unit of work."""
        ...


class StreamSweep(Protocol):
    """Removes from the streams what persons have typed, or what others have typed of them."""

    async def sweep(self, user_id: UUID) -> int:
        """Remove every entry with a free text about a person; return how many there were.

        Repeating it is harmless.

        Raises:
            DependencyUnavailable: the streams are out of reach; some entries may be gone already.
        """
        ...
