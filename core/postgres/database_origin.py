"""Whether what a database holds is original; see migration 0018."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from core.postgres.blocking import BlockingConnection
from core.postgres.statements import Exec, Many, NoParams, One

ANONYMIZED: Final = "anonymized"
SYNTHETIC: Final = "synthetic"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRecord:
    """What a database says of itself."""

    kind: str
    source: str
    mark: str
    base_sequence: int
    began_at: datetime
    snapshot_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyRecord:
    """Whether there is anything."""

    has_users: bool | None
    has_audit_rows: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRecord:
    """The first day of a month."""

    month: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionNameRecord:
    """A partition that was made."""

    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRecord:
    """The last number that was in use before."""

    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserIdRecord:
    """Somebody who is there."""

    id: UUID


class OriginParams(TypedDict):
    """What a database shall say of itself."""

    kind: str
    source: str
    mark: str
    base_sequence: int
    began_at: datetime


class CompletedParams(TypedDict):
    """When it was complete, and which state a clone shows."""

    completed_at: datetime
    snapshot_at: datetime | None


class SpanParams(TypedDict):
    """Two times."""

    since: datetime
    until: datetime


class MonthParams(TypedDict):
    """A day of a month."""

    month: str


class CountParams(TypedDict):
    """How many numbers."""

    count: int


class StreamIdParams(TypedDict):
    """A position in the stream, and when it was noted."""

    stream_id: str
    at: datetime


class UserIdsParams(TypedDict):
    """Names people."""

    user_ids: list[UUID]


READ_ORIGIN: Final = One("database_origin", "read_database_origin", NoParams, OriginRecord)
BEGIN_ORIGIN: Final = Exec("database_origin", "begin_origin", OriginParams)
COMPLETE_ORIGIN: Final = Exec("database_origin", "complete_origin", CompletedParams)
READ_OCCUPANCY: Final = One("database_origin", "read_occupancy", NoParams, OccupancyRecord)
LIST_MISSING_MONTHS: Final = Many("database_origin", "list_missing_months", SpanParams, MonthRecord)
ADD_AUDIT_MONTH: Final = One("database_origin", "add_audit_month", MonthParams, PartitionNameRecord)
RESERVE_SEQUENCES: Final = One(
    "database_origin", "reserve_audit_sequences", CountParams, SequenceRecord
)
MARK_STREAM_TRIMMED: Final = Exec("database_origin", "mark_stream_trimmed", StreamIdParams)
FIND_USERS_OF: Final = Many("database_origin", "find_users_of", UserIdsParams, UserIdRecord)
REFRESH_STATISTICS: Final = Exec("database_origin", "refresh_statistics", NoParams)


class OriginDesk:
    """What only the owner of a database can do to it before and after many rows come in."""

    def __init__(self, connection: BlockingConnection) -> None:
        """Take the owner's connection."""
        self._connection = connection

    def origin(self) -> OriginRecord | None:
        """Return what the database says of itself; None: it is original."""
        return self._connection.one(READ_ORIGIN, NoParams())

    def is_empty(self) -> bool:
        """Tell whether it holds neither people nor audit rows."""
        found = self._connection.one(READ_OCCUPANCY, NoParams())
        return found is not None and not found.has_users and not found.has_audit_rows

    def begin(
        self, kind: str, source: str, mark: str, *, at: datetime, base_sequence: int = 0
    ) -> None:
        """Let the database say what it is about to hold."""
        params = OriginParams(
            kind=kind, source=source, mark=mark, base_sequence=base_sequence, began_at=at
        )
        self._connection.execute(BEGIN_ORIGIN, params)

    def complete(self, at: datetime, snapshot_at: datetime | None = None) -> None:
        """Note that everything is there, and let the planner know."""
        params = CompletedParams(completed_at=at, snapshot_at=snapshot_at)
        self._connection.execute(COMPLETE_ORIGIN, params)
        self._connection.execute(REFRESH_STATISTICS, NoParams())

    def make_months(self, since: datetime, until: datetime) -> Sequence[str]:
        """Make the partitions that the audit log lacks between two times; return their names."""
        missing = self._connection.many(LIST_MISSING_MONTHS, SpanParams(since=since, until=until))
        made = [
            self._connection.one(ADD_AUDIT_MONTH, MonthParams(month=record.month))
            for record in missing
            if record.month is not None
        ]
        return [record.name for record in made if record is not None and record.name is not None]

    def reserve_sequences(self, count: int) -> int:
        """Take so many numbers for audit rows; return the one before the first of them."""
        found = self._connection.one(RESERVE_SEQUENCES, CountParams(count=count))
        if found is None or found.before is None:
            raise RuntimeError("the database gave no numbers")
        return found.before

    def trim_stream(self, stream_id: str, at: datetime) -> None:
        """Say that the stream holds none of the events published before this entry."""
        self._connection.execute(MARK_STREAM_TRIMMED, StreamIdParams(stream_id=stream_id, at=at))

    def present(self, user_ids: Sequence[str]) -> set[str]:
        """Return who of these people is there."""
        params = UserIdsParams(user_ids=[UUID(user_id) for user_id in user_ids])
        return {str(record.id) for record in self._connection.many(FIND_USERS_OF, params)}
