"""Statements on the audit log, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from psycopg.types.json import Jsonb

from core.domain.audit import AuditDetails
from core.domain.audit_row import AuditRow, row_hash
from core.postgres.statements import Exec, Many, One


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """A row of the log, its personal texts sealed."""

    sequence: int
    version: int
    id: UUID
    occurred_at: datetime
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: UUID | None
    outcome: str
    reason: str | None = field(repr=False)
    origin_owner: UUID | None
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: AuditDetails
    hash: str


class AppendAuditParams(TypedDict):
    """All that is stored of a row."""

    version: int
    id: UUID
    occurred_at: datetime
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: UUID | None
    outcome: str
    reason: str | None
    origin_owner: UUID | None
    ip_address: str | None
    user_agent: str | None
    request_id: str
    trace_id: str
    details: Jsonb
    hash: str


class ListAuditParams(TypedDict):
    """A page and its filter."""

    before: int | None
    user_id: UUID | None
    actor_id: str | None
    action: str | None
    outcome: str | None
    from_time: datetime | None
    to_time: datetime | None
    row_limit: int


class SpanParams(TypedDict):
    """The beginnings of two months, the second not included."""

    from_month: datetime | None
    to_month: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """The lowest and the highest number; None where there is no row."""

    first: int | None
    last: int | None


class ListSpanParams(TypedDict):
    """A span and its filter."""

    first: int
    last: int
    user_id: UUID | None
    actor_id: str | None
    action: str | None
    outcome: str | None
    from_time: datetime | None
    to_time: datetime | None
    row_limit: int


APPEND_AUDIT_EVENT = Exec("audit_events", "append_audit_event", AppendAuditParams)
LIST_AUDIT_EVENTS = Many(
    "audit_events", "list_audit_events", ListAuditParams, AuditRecord, prepared=False
)

READ_AUDIT_SPAN = One("audit_events", "read_audit_span", SpanParams, SpanRecord, prepared=False)
LIST_AUDIT_SPAN = Many(
    "audit_events", "list_audit_span", ListSpanParams, AuditRecord, prepared=False
)


def to_params(row: AuditRow) -> AppendAuditParams:
    """Return what is stored of a row, its hash included."""
    return AppendAuditParams(
        version=row.version,
        id=row.id,
        occurred_at=row.occurred_at,
        actor_type=row.actor_type,
        actor_id=row.actor_id,
        action=row.action,
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        user_id=row.user_id,
        outcome=row.outcome,
        reason=row.reason,
        origin_owner=row.origin_owner,
        ip_address=row.ip_address,
        user_agent=row.user_agent,
        request_id=row.request_id,
        trace_id=row.trace_id,
        details=Jsonb(dict(row.details)),
        hash=row_hash(row),
    )


def to_row(record: AuditRecord) -> AuditRow:
    """Return what the hash of a row covers."""
    return AuditRow(
        version=record.version,
        id=record.id,
        occurred_at=record.occurred_at,
        actor_type=record.actor_type,
        actor_id=record.actor_id,
        action=record.action,
        resource_type=record.resource_type,
        resource_id=record.resource_id,
        user_id=record.user_id,
        outcome=record.outcome,
        reason=record.reason,
        origin_owner=record.origin_owner,
        ip_address=record.ip_address,
        user_agent=record.user_agent,
        request_id=record.request_id,
        trace_id=record.trace_id,
        details=record.details,
    )
