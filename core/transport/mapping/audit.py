"""The audit log."""

from uuid import UUID

from google.protobuf.struct_pb2 import Struct

from core.domain.audit import AuditDetails, AuditEvent, AuditFilter
from core.transport.mapping.enums import ACTOR_TYPES, AUDIT_OUTCOMES
from core.transport.mapping.times import to_bound, to_timestamp
from pandora.user.v1 import audit_pb2, audit_service_pb2


def to_audit_event(event: AuditEvent) -> audit_pb2.AuditEvent:
    """Translate one row."""
    entry = event.entry
    return audit_pb2.AuditEvent(
        sequence=event.sequence,
        id=str(entry.id),
        occurred_at=to_timestamp(entry.occurred_at),
        actor_type=ACTOR_TYPES.to_wire(entry.actor_type),
        actor_id=entry.actor_id,
        action=entry.action.value,
        resource_type=entry.resource_type.value,
        resource_id=entry.resource_id,
        outcome=AUDIT_OUTCOMES.to_wire(entry.outcome),
        reason=entry.reason,
        ip_address=entry.ip_address,
        user_agent=entry.user_agent,
        request_id=entry.request_id,
        trace_id=entry.trace_id,
        details=_to_struct(entry.details),
        hash=event.hash,
        user_id=None if entry.user_id is None else str(entry.user_id),
    )


def from_audit_filter(
    request: audit_service_pb2.ListAuditEventsRequest | audit_service_pb2.ExportAuditEventsRequest,
) -> AuditFilter:
    """Translate a filter; what the request leaves out does not narrow.

    Raises:
        ValidationFailed: a time is no valid Timestamp.
    """
    return AuditFilter(
        user_id=UUID(request.user_id) if request.HasField("user_id") else None,
        actor_id=request.actor_id if request.HasField("actor_id") else None,
        action=request.action if request.HasField("action") else None,
        outcome=AUDIT_OUTCOMES.from_wire(request.outcome) if request.HasField("outcome") else None,
        from_time=to_bound(request.from_time, field="from_time")
        if request.HasField("from_time")
        else None,
        to_time=to_bound(request.to_time, field="to_time") if request.HasField("to_time") else None,
    )


def _to_struct(details: AuditDetails) -> Struct:
    struct = Struct()
    struct.update(details)
    return struct
