"""The audit log in PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import MAXYEAR, UTC, datetime
from uuid import UUID

import structlog

from core.domain.audit import AuditEntry, AuditEvent, AuditFilter, SequenceSpan
from core.domain.audit_sealing import owners, seal, unseal
from core.domain.personal_key import NOBODY
from core.domain.ports.personal_texts import PersonalTexts
from core.postgres import audit_rows as rows
from core.postgres.execution import Executor
from core.postgres.personal_salts import PersonalSalts

_log = structlog.get_logger(__name__)


def ignore_entry(entry: AuditEntry) -> None:
    """Take note of nothing."""


class PostgresAuditLog:
    """Implements the port AuditLog. Personal texts are sealed on the way in, opened on the way out.

    Only salts that nobody has met lately cost a statement of their own.
    """

    def __init__(
        self,
        executor: Executor,
        salts: PersonalSalts,
        texts: PersonalTexts,
        on_append: Callable[[AuditEntry], None] = ignore_entry,
    ) -> None:
        """Take what runs the statements, what seals, and who is told of each row written."""
        self._run = executor
        self._salts = salts
        self._texts = texts
        self._on_append = on_append

    async def append(self, entry: AuditEntry) -> None:
        """Write one row, with its hash."""
        of = owners(entry)
        row = seal(
            entry,
            origin=await self._salts.key(of.origin),
            about=await self._salts.key(of.reason),
            texts=self._texts,
        )
        await self._run.execute(rows.APPEND_AUDIT_EVENT, rows.to_params(row))
        self._on_append(entry)

    async def list_page(
        self, where: AuditFilter, *, before: int | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return one page of rows, the newest first; what cannot be read any more is left out."""
        params = rows.ListAuditParams(
            before=before,
            user_id=where.user_id,
            actor_id=where.actor_id,
            action=where.action,
            outcome=where.outcome,
            from_time=where.from_time,
            to_time=where.to_time,
            row_limit=limit,
        )
        return await self.opened(await self._run.many(rows.LIST_AUDIT_EVENTS, params))

    async def span(self, where: AuditFilter) -> SequenceSpan | None:
        """Return the numbers of the whole months that the filter's time lies in."""
        params = rows.SpanParams(
            from_month=month_begin(where.from_time),
            to_month=month_begin(where.to_time, months_later=1),
        )
        record = await self._run.one(rows.READ_AUDIT_SPAN, params)
        if record is None or record.first is None or record.last is None:
            return None
        return SequenceSpan(first=record.first, last=record.last)

    async def list_span(
        self, where: AuditFilter, span: SequenceSpan, *, limit: int
    ) -> Sequence[AuditEvent]:
        """Return at most `limit` rows of a span; what cannot be read any more is left out."""
        params = rows.ListSpanParams(
            first=span.first,
            last=span.last,
            user_id=where.user_id,
            actor_id=where.actor_id,
            action=where.action,
            outcome=where.outcome,
            from_time=where.from_time,
            to_time=where.to_time,
            row_limit=limit,
        )
        return await self.opened(await self._run.many(rows.LIST_AUDIT_SPAN, params))

    async def opened(self, records: Sequence[rows.AuditRecord]) -> Sequence[AuditEvent]:
        """Return rows with their texts opened, with the keys that there are at this moment."""
        owning = {owner for record in records for owner in _owners(record)}
        keys = await self._salts.read(owning) if owning else {}
        events, broken = [], []
        for record in records:
            opened = unseal(
                rows.to_row(record),
                origin=keys.get(record.origin_owner, NOBODY) if record.origin_owner else NOBODY,
                about=keys.get(record.user_id, NOBODY) if record.user_id else NOBODY,
                texts=self._texts,
            )
            if opened.broken:
                broken.append(record.sequence)
            events.append(
                AuditEvent(sequence=record.sequence, entry=opened.entry, hash=record.hash)
            )
        if broken:
            _log.warning("audit_seal_broken", rows=len(broken), lowest_sequence=min(broken))
        return events


def month_begin(moment: datetime | None, *, months_later: int = 0) -> datetime | None:
    """Return when the month (UTC) of a time begins, or a later one; None beyond all months."""
    if moment is None:
        return None
    day = moment.astimezone(UTC)
    index = day.year * 12 + day.month - 1 + months_later
    year, month = divmod(index, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC) if year <= MAXYEAR else None


def _owners(record: rows.AuditRecord) -> set[UUID]:
    return {owner for owner in (record.origin_owner, record.user_id) if owner is not None}
