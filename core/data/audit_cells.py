"""Rows of the audit log as COPY takes them."""

from core.data.tables import Row, document
from core.domain.audit_row import AuditRow, row_hash


def audit_cells(sequence: int | str, row: AuditRow) -> Row:
    """Return an audit row with its number and its hash, in the order of the table's columns."""
    return (
        str(sequence),
        str(row.version),
        str(row.id),
        row.occurred_at.isoformat(),
        row.actor_type,
        row.actor_id,
        row.action,
        row.resource_type,
        row.resource_id,
        None if row.user_id is None else str(row.user_id),
        row.outcome,
        row.reason,
        None if row.origin_owner is None else str(row.origin_owner),
        row.ip_address,
        row.user_agent,
        row.request_id,
        row.trace_id,
        document(dict(row.details)) if row.details else "{}",
        row_hash(row),
    )
