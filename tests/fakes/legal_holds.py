"""Legal holds in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.audit import AuditEntry
from core.domain.legal_hold import LegalHold
from tests.fakes.scope import LockKey, Scope

_HOLDS: LockKey = ("legal_holds", None)


class FakeLegalHolds:
    """Implements the port LegalHolds. Whoever asks `is_held` keeps others who ask out as well."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.legal_holds

    async def add(self, hold: LegalHold) -> None:
        await self._scope.write("legal_holds.add", _HOLDS)
        self._rows.add(hold.id, hold)

    async def get(self, hold_id: UUID) -> LegalHold | None:
        await self._scope.read("legal_holds.get")
        return self._rows.get(hold_id)

    async def all(self) -> Sequence[LegalHold]:
        await self._scope.read("legal_holds.all")
        return sorted(self._rows.values(), key=lambda hold: hold.id)

    async def release(self, hold_id: UUID, *, at: datetime) -> bool:
        await self._scope.write("legal_holds.release", ("legal_hold", hold_id))
        hold = self._rows.get(hold_id)
        if hold is None or hold.released_at is not None:
            return False
        self._rows.replace(hold_id, replace(hold, released_at=at))
        return True

    async def is_held(self, user_id: UUID) -> bool:
        await self._scope.write("legal_holds.is_held", _HOLDS)
        entries = [event.entry for event in self._scope.view.audit.values()]
        return any(
            _covers(hold, user_id, entries)
            for hold in self._rows.values()
            if hold.released_at is None
        )


def _covers(hold: LegalHold, user_id: UUID, entries: Sequence[AuditEntry]) -> bool:
    if hold.from_time is None or hold.to_time is None:
        return hold.user_id == user_id
    return any(
        hold.from_time <= entry.occurred_at < hold.to_time
        and (entry.user_id == user_id or entry.actor_id == str(user_id))
        for entry in entries
    )
