"""The audit log in PostgreSQL."""

from collections.abc import Callable, Sequence

from core.domain.audit import AuditEntry, AuditEvent, AuditFilter
from core.postgres import audit_rows as rows
from core.postgres.execution import Executor


def ignore_entry(entry: AuditEntry) -> None:
    """Take note of nothing."""


class PostgresAuditLog:
    """Implements the port AuditLog."""

    def __init__(
        self, executor: Executor, on_append: Callable[[AuditEntry], None] = ignore_entry
    ) -> None:
        """Take what runs the statements, and who is told of each row that was written."""
        self._run = executor
        self._on_append = on_append

    async def append(self, entry: AuditEntry) -> None:
        """Write one row, with its hash."""
        await self._run.execute(rows.APPEND_AUDIT_EVENT, rows.to_params(entry))
        self._on_append(entry)

    async def list_page(
        self, where: AuditFilter, *, before: int | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return one page of rows, the newest first."""
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
        return [rows.to_event(row) for row in await self._run.many(rows.LIST_AUDIT_EVENTS, params)]
