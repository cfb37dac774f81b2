"""Storage of the audit log."""

from collections.abc import Sequence
from typing import Protocol

from core.domain.audit import AuditEntry, AuditEvent, AuditFilter


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
