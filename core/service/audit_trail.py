"""Reading the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from core.domain.audit import AuditEvent, AuditFilter
from core.domain.page import Page, effective_page_size
from core.domain.ports.unit_of_work import Database
from core.service.paging import Paging, canonical_filters

_LARGEST_SEQUENCE = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail:
    """Lists what was recorded."""

    database: Database
    paging: Paging

    async def list_page(
        self, where: AuditFilter, *, page_size: int, page_token: str
    ) -> Page[AuditEvent]:
        """Return one page of rows, the newest first.

        Raises:
            ValidationFailed: the page size is negative.
            PageTokenInvalid: the token was not issued here, or for another filter.
        """
        size = effective_page_size(page_size)
        filters = _filters(where)
        before = self.paging.position(page_token, filters, _sequence)
        async with self.database.reading() as stored:
            rows = await stored.audit.list_page(where, before=before, limit=size + 1)
        return self.paging.page(
            rows, size=size, filters=filters, position_of=lambda event: str(event.sequence)
        )


def _filters(where: AuditFilter) -> Mapping[str, str]:
    return canonical_filters(
        "audit_events",
        user_id=None if where.user_id is None else str(where.user_id),
        actor_id=where.actor_id,
        action=where.action,
        outcome=where.outcome,
        from_time=_moment(where.from_time),
        to_time=_moment(where.to_time),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _sequence(position: str) -> int:
    sequence = int(position)
    if not 0 < sequence <= _LARGEST_SEQUENCE:
        raise ValueError("a sequence number is positive and fits into 64 bits")
    return sequence
