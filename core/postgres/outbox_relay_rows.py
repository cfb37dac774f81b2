"""The relay's statements on the outbox, their parameters, and their rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.ports.outbox_relay import OutboxEvent
from core.postgres.statements import Exec, Many, One


class ClaimUsersParams(TypedDict):
    """Whom to leave out, how far to look, and how many to take."""

    except_users: list[UUID]
    window_size: int
    lock_namespace: int
    max_users: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedUserRecord:
    """A person who is locked now, and the last sequence of the window that was looked at."""

    user_id: UUID
    window_end: int | None


class ReadEventsParams(TypedDict):
    """Whose events to read, up to which sequence, and how many."""

    user_ids: list[UUID]
    window_end: int | None
    max_events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEventRecord:
    """An unpublished event, its person's last entry in the stream, and the last of all."""

    sequence: int
    id: UUID
    user_id: UUID
    event_type: str
    payload: Mapping[str, object]
    trace_id: str
    occurred_at: datetime
    traceparent: str | None
    predecessor: str | None
    newest_stream_id: str | None


class MarkPublishedParams(TypedDict):
    """What the stream confirmed, and when; the two lists go in step."""

    published_at: datetime
    sequences: list[int]
    stream_ids: list[str]


class BacklogParams(TypedDict):
    """Where to stop counting."""

    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogRecord:
    """How many events wait, up to the bound, and when the oldest of them happened."""

    waiting_count: int | None
    oldest_occurred_at: datetime | None


CLAIM_WAITING_USERS = Many(
    "outbox_relay", "claim_waiting_users", ClaimUsersParams, ClaimedUserRecord
)
READ_CLAIMED_EVENTS = Many(
    "outbox_relay", "read_claimed_events", ReadEventsParams, OutboxEventRecord
)
MARK_EVENTS_PUBLISHED = Exec("outbox_relay", "mark_events_published", MarkPublishedParams)
MEASURE_BACKLOG = One("outbox_relay", "measure_backlog", BacklogParams, BacklogRecord)


def to_event(record: OutboxEventRecord) -> OutboxEvent:
    """Return the domain's view of a row."""
    return OutboxEvent(
        sequence=record.sequence,
        id=record.id,
        user_id=record.user_id,
        event_type=record.event_type,
        payload=record.payload,
        trace_id=record.trace_id,
        occurred_at=record.occurred_at,
        traceparent=record.traceparent,
    )
