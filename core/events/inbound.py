"""Reading the envelope around every event, as the contract fixes it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.domain.ports.event_source import Refusal
from core.events.envelope import MAX_BYTES

MALFORMED = "MALFORMED_EVENT"
"""The reason of a dead letter that breaks the contract of events."""

_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """An event of another service; its payload is not looked into yet."""

    id: UUID
    occurred_at: datetime
    trace_id: str
    event_type: str
    payload: Mapping[str, object] = field(repr=False)


class EventRefused(Exception):
    """An event cannot be applied, and a repeat will not change that."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def read_envelope(text: str | None) -> InboundEvent:
    """Return the event in an entry; fields beside the contract's are passed over.

    Raises:
        EventRefused: the entry breaks the contract; problems never repeat what it holds.
    """
    document = _document(text)
    event_id, event_type = document.get("id"), document.get("event_type")
    names = Refusal(
        reason=MALFORMED,
        event_id=event_id if isinstance(event_id, str) and _uuid(event_id) else "",
        event_type=_known_form(event_type),
    )
    payload, trace_id = document.get("payload"), document.get("trace_id")
    if not names.event_id:
        raise _refused(names, "id is no UUID")
    if not names.event_type:
        raise _refused(names, "event_type is no name of a type")
    if not isinstance(trace_id, str) or not _TRACE_ID.fullmatch(trace_id):
        raise _refused(names, "trace_id is not 32 lower-case hex digits")
    occurred_at = _moment(document.get("timestamp"))
    if occurred_at is None:
        raise _refused(names, "timestamp is no ISO 8601 time with an offset")
    if not isinstance(payload, dict):
        raise _refused(names, "payload is no object")
    return InboundEvent(
        id=UUID(names.event_id),
        occurred_at=occurred_at,
        trace_id=trace_id,
        event_type=names.event_type,
        payload=payload,
    )


def _document(text: str | None) -> dict[str, object]:
    if text is None:
        raise _refused(Refusal(reason=MALFORMED), "the entry has no field `event`")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _refused(Refusal(reason=MALFORMED), "the event is no UTF-8") from None
    if size > MAX_BYTES:
        raise _refused(Refusal(reason=MALFORMED), f"the event is greater than {MAX_BYTES} bytes")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _refused(Refusal(reason=MALFORMED), "the event is no JSON") from None
    if not isinstance(document, dict):
        raise _refused(Refusal(reason=MALFORMED), "the event is no object")
    return document


def _refuse_constant(_: str) -> object:
    raise ValueError("NaN and infinities are no JSON")


def _refused(names: Refusal, problem: str) -> EventRefused:
    return EventRefused(
        Refusal(
            reason=names.reason,
            detail=problem,
            event_id=names.event_id,
            event_type=names.event_type,
        )
    )


def _uuid(text: str) -> bool:
    """Tell whether a text is a UUID in the one form that everybody writes."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _known_form(event_type: object) -> str:
    is_name = isinstance(event_type, str) and _EVENT_TYPE.fullmatch(event_type)
    return event_type if is_name and isinstance(event_type, str) and len(event_type) <= 128 else ""  # noqa: PLR2004


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
