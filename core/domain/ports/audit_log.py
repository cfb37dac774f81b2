"""Storage of the audit log."""

from collections.abc import Sequence
from typing import Protocol

from core.domain.audit import AuditEntry, AuditEvent, AuditFilter, SequenceSpan


class AuditLog(Protocol):
    """The append-only log."""

    async def append(self, entry: AuditEntry) -> None:
        """Write one row, with its hash, in the unit of work that it tells of."""
        ...

    async def list_page(
        self, where: AuditFilter, *, before: int | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return at most `limit` rows with sequences below `before`, the newest first."""
        ...

    async def span(self, where: AuditFilter) -> SequenceSpan | None:
        """Return a span of numbers that every row of the filter's time lies in.

        It may be wider; None says that there is no such row.
        """
        ...

    async def list_span(
        self, where: AuditFilter, span: SequenceSpan, *, limit: int
    ) -> Sequence[AuditEvent]:
        """Return at most `limit` rows of a span, by rising sequence."""
        ...
