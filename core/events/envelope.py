"""The envelope around every event, as the contract fixes it."""

import json
import re
from datetime import UTC

from core.domain.ports.outbox_relay import OutboxEvent

MAX_BYTES = 256 * 1024
"""Greatest envelope in bytes of UTF-8.

Far above any payload of the contract, far below what makes a Redis server cut the connection
(`proto-max-bulk-len`, at least 1 MiB): one monster must not look like an outage.
"""

_TRACE_ID = re.compile(r"[0-9a-f]{32}")


class EventNotEncodable(Exception):
    """An outbox row does not fit the contract's envelope, and a repeat will not change that."""

    def __init__(self, event: OutboxEvent, problem: str) -> None:
        """Name the row by its id; the problem never repeats what the row holds."""
        super().__init__(f"event {event.id} {problem}")
        self.event_id = event.id
        self.problem = problem


def envelope(event: OutboxEvent) -> str:
    """Return the JSON text of an event: id, timestamp (UTC, microseconds), trace_id, type, payload.

    Raises:
        EventNotEncodable: the row breaks the contract or is greater than `MAX_BYTES`.
    """
    if event.occurred_at.tzinfo is None:
        raise EventNotEncodable(event, "has a naive time")
    if not _TRACE_ID.fullmatch(event.trace_id):
        raise EventNotEncodable(event, "has a trace id that is not 32 lower-case hex digits")
    if not isinstance(event.payload, dict):
        raise EventNotEncodable(event, "has a payload that is no object")
    document: dict[str, object] = {
        "id": str(event.id),
        "timestamp": event.occurred_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "trace_id": event.trace_id,
        "event_type": event.event_type,
        "payload": event.payload,
    }
    return _bounded(event, document)


def _bounded(event: OutboxEvent, document: dict[str, object]) -> str:
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError) as error:
        raise EventNotEncodable(event, "is not JSON") from error
    if size > MAX_BYTES:
        raise EventNotEncodable(event, f"is greater than {MAX_BYTES} bytes")
    return text
