"""Statements on the audit log, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from psycopg.types.json import Jsonb

from core.domain.audit import (
    AuditAction,
    AuditDetails,
    AuditEntry,
    AuditEvent,
    AuditOutcome,
    ResourceType,
    entry_hash,
)
from core.domain.caller import ActorType
from core.postgres.statements import Exec, Many


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """A row of the log."""

    sequence: int
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
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: AuditDetails
    hash: str


class AppendAuditParams(TypedDict):
    """All that is stored of an entry."""

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


APPEND_AUDIT_EVENT = Exec("audit_events", "append_audit_event", AppendAuditParams)
LIST_AUDIT_EVENTS = Many(
    "audit_events", "list_audit_events", ListAuditParams, AuditRecord, prepared=False
)


def to_params(entry: AuditEntry) -> AppendAuditParams:
    """Return what is stored of an entry, its hash included."""
    return AppendAuditParams(
        id=entry.id,
        occurred_at=entry.occurred_at,
        actor_type=entry.actor_type.value,
        actor_id=entry.actor_id,
        action=entry.action.value,
        resource_type=entry.resource_type.value,
        resource_id=entry.resource_id,
        user_id=entry.user_id,
        outcome=entry.outcome.value,
        reason=entry.reason,
        ip_address=entry.ip_address,
        user_agent=entry.user_agent,
        request_id=entry.request_id,
        trace_id=entry.trace_id,
        details=Jsonb(dict(entry.details)),
        hash=entry_hash(entry),
    )


def to_event(record: AuditRecord) -> AuditEvent:
    """Return the entry that a row stands for, with its number and its hash."""
    entry = AuditEntry(
        id=record.id,
        occurred_at=record.occurred_at,
        actor_type=ActorType(record.actor_type),
        actor_id=record.actor_id,
        action=AuditAction(record.action),
        resource_type=ResourceType(record.resource_type),
        resource_id=record.resource_id,
        user_id=record.user_id,
        outcome=AuditOutcome(record.outcome),
        reason=record.reason,
        ip_address=record.ip_address,
        user_agent=record.user_agent,
        request_id=record.request_id,
        trace_id=record.trace_id,
        details=record.details,
    )
    return AuditEvent(sequence=record.sequence, entry=entry, hash=record.hash)
