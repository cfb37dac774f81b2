"""Legal holds in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.legal_hold import LegalHold
from core.postgres.execution import Executor
from core.postgres.statements import Exec, Many, NoParams, One


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldRecord:
    """A hold's row."""

    id: UUID
    reason: str = field(repr=False)
    user_id: UUID | None
    from_time: datetime | None
    to_time: datetime | None
    placed_at: datetime
    released_at: datetime | None


class NewLegalHoldParams(TypedDict):
    """All that is stored of a hold."""

    id: UUID
    reason: str
    user_id: UUID | None
    from_time: datetime | None
    to_time: datetime | None
    placed_at: datetime
    released_at: datetime | None


class LegalHoldIdParams(TypedDict):
    """Names a hold."""

    hold_id: UUID


class ReleaseLegalHoldParams(TypedDict):
    """The end of a hold."""

    hold_id: UUID
    at: datetime


class HeldParams(TypedDict):
    """Names a person."""

    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecord:
    """Whether a person is under a hold."""

    is_held: bool | None


ADD_LEGAL_HOLD = Exec("legal_holds", "add_legal_hold", NewLegalHoldParams)
GET_LEGAL_HOLD = One("legal_holds", "get_legal_hold", LegalHoldIdParams, LegalHoldRecord)
LIST_LEGAL_HOLDS = Many("legal_holds", "list_legal_holds", NoParams, LegalHoldRecord)
RELEASE_LEGAL_HOLD = Exec("legal_holds", "release_legal_hold", ReleaseLegalHoldParams)
KEEP_LEGAL_HOLDS_OUT = Exec("legal_holds", "keep_legal_holds_out", NoParams)
READ_WHETHER_HELD = One("legal_holds", "read_whether_held", HeldParams, HeldRecord)


class PostgresLegalHolds:
    """Implements the port LegalHolds."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, hold: LegalHold) -> None:
        """Store a hold; waits for those who erase or drop at this moment."""
        params = NewLegalHoldParams(
            id=hold.id,
            reason=hold.reason,
            user_id=hold.user_id,
            from_time=hold.from_time,
            to_time=hold.to_time,
            placed_at=hold.placed_at,
            released_at=hold.released_at,
        )
        await self._run.execute(ADD_LEGAL_HOLD, params)

    async def get(self, hold_id: UUID) -> LegalHold | None:
        """Return a hold, released or not."""
        record = await self._run.one(GET_LEGAL_HOLD, LegalHoldIdParams(hold_id=hold_id))
        return None if record is None else _hold(record)

    async def all(self) -> Sequence[LegalHold]:
        """Return every hold, the oldest first."""
        return [_hold(record) for record in await self._run.many(LIST_LEGAL_HOLDS, NoParams())]

    async def release(self, hold_id: UUID, *, at: datetime) -> bool:
        """End a hold; tell whether there was one in force."""
        params = ReleaseLegalHoldParams(hold_id=hold_id, at=at)
        return await self._run.execute(RELEASE_LEGAL_HOLD, params) > 0

    async def is_held(self, user_id: UUID) -> bool:
        """Tell whether a hold covers a person, or an audit row that is about or by them."""
        # Two statements: the second one sees what was committed while the first one waited.
        await self._run.execute(KEEP_LEGAL_HOLDS_OUT, NoParams())
        record = await self._run.one(READ_WHETHER_HELD, HeldParams(user_id=user_id))
        return record is not None and bool(record.is_held)


def _hold(record: LegalHoldRecord) -> LegalHold:
    return LegalHold(
        id=record.id,
        reason=record.reason,
        user_id=record.user_id,
        from_time=record.from_time,
        to_time=record.to_time,
        placed_at=record.placed_at,
        released_at=record.released_at,
    )
