"""Telling the whole audit log, or a part of it, row by row."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from core.domain.audit import (
    AuditAction,
    AuditDetails,
    AuditEvent,
    AuditFilter,
    ResourceType,
    SequenceSpan,
)
from core.domain.caller import Caller
from core.domain.errors import ServerBusy
from core.domain.ports.unit_of_work import Database
from core.service.recording import Affected, Recorder

PAGE: Final = 500
"""Rows that are in memory at once."""

WINDOW: Final = 20_000
"""Numbers that one read looks through where no index leads to the rows that are asked for."""

_ACTOR: Final = re.compile(r"[0-9a-fA-F-]{36}|service:[a-z][a-z0-9-]{1,62}")


@dataclass(slots=True, kw_only=True)
class AuditExport:
    """Reads in pages, each on its own: no transaction is open while a client takes its time."""

    database: Database
    recorder: Recorder
    most_at_once: int
    page: int = PAGE
    window: int = WINDOW
    under_way: int = field(default=0, init=False)

    async def rows(self, where: AuditFilter, *, caller: Caller) -> AsyncGenerator[AuditEvent, None]:
        """Yield the rows that were there at the beginning, by rising sequence.

        That the export was made is on record before its first row. What is committed while it runs
        may be missing.

        Raises:
            ServerBusy: too many exports are under way.
            DependencyUnavailable: the storage is out of reach, perhaps after some rows.
        """
        if self.under_way >= self.most_at_once:
            raise ServerBusy("Too many exports are under way.")
        self.under_way += 1
        try:
            span = await self._begin(where, caller)
            while span is not None:
                reached = self._reach(where, span)
                async with self.database.reading() as stored:
                    events = await stored.audit.list_span(where, reached, limit=self.page)
                for event in events:
                    yield event
                is_full = len(events) == self.page
                span = _after(events[-1].sequence if is_full else reached.last, span)
        finally:
            self.under_way -= 1

    async def _begin(self, where: AuditFilter, caller: Caller) -> SequenceSpan | None:
        async with self.database.reading() as stored:
            span = await stored.audit.span(where)
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            await record.success(
                AuditAction.AUDIT_EXPORT,
                Affected(
                    resource_type=ResourceType.AUDIT_LOG, resource_id=None, user_id=where.user_id
                ),
                details=_details(where, span),
            )
            await unit.commit()
        return span

    def _reach(self, where: AuditFilter, span: SequenceSpan) -> SequenceSpan:
        """Return how much of what is left one read looks through."""
        if where.singles_out:
            return span
        return SequenceSpan(first=span.first, last=min(span.first + self.window - 1, span.last))


def _after(sequence: int, span: SequenceSpan) -> SequenceSpan | None:
    """Return what of a span follows a number."""
    return SequenceSpan(first=sequence + 1, last=span.last) if sequence < span.last else None


def _details(where: AuditFilter, span: SequenceSpan | None) -> AuditDetails:
    """Return the filter; what stands for an actor and is no name of one may be anything."""
    actor = where.actor_id
    return {
        "actor_id": actor if actor is None or _ACTOR.fullmatch(actor) else "other",
        "action": where.action,
        "outcome": where.outcome,
        "from_time": _text(where.from_time),
        "to_time": _text(where.to_time),
        "last_sequence": None if span is None else span.last,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
