"""Removing from streams what was typed about a person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from redis.asyncio import Redis

from core.domain.events import FREE_TEXTS
from core.redis.errors import redis_errors

_PAGE: Final = 1000
_OLDEST: Final = "-"

_Page: TypeAlias = Sequence[tuple[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisStreamSweep:
    """Implements the port StreamSweep.

    Of `events`, our own stream, entries go that hold a free text; of `others`, whose messages are
    not ours to understand, every entry that names the person. `timeout_seconds` bounds each page.
    """

    client: Redis
    events: str
    others: Sequence[str]
    timeout_seconds: float

    async def sweep(self, user_id: UUID) -> int:
        """Look through every stream to its end, whatever is appended meanwhile included."""
        removed = await self._sweep(self.events, user_id, needs_text=True)
        for stream in self.others:
            removed += await self._sweep(stream, user_id, needs_text=False)
        return removed

    async def _sweep(self, stream: str, user_id: UUID, *, needs_text: bool) -> int:
        removed, oldest = 0, _OLDEST
        while True:
            async with redis_errors(self.client, timeout_seconds=self.timeout_seconds):
                page = cast("_Page", await self.client.xrange(stream, min=oldest, count=_PAGE))
                found = [
                    stream_id
                    for stream_id, fields in page
                    if _concerns(fields, user_id, needs_text=needs_text)
                ]
                if found:
                    removed += await self.client.xdel(stream, *found)
            if len(page) < _PAGE:
                return removed
            oldest = f"({page[-1][0]}"


def _concerns(fields: Mapping[str, str], user_id: UUID, *, needs_text: bool) -> bool:
    """Tell whether an entry has to go; one that names the person and cannot be read has to."""
    if not any(_names(text, user_id) for text in fields.values()):
        return False
    events = [event for event in map(_event, fields.values()) if event is not None]
    if not events:
        return True
    # Who has reviewed somebody else is named as well; that entry is about the other person.
    about = [event for event in events if _names(event.subject, user_id)]
    return any(event.has_text for event in about) if needs_text else bool(about)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """Whom an event is about, and whether it holds a free text."""

    subject: str
    has_text: bool


def _event(text: str) -> _Event | None:
    """Read an envelope of the contract (section 5); None where the text is none."""
    try:
        envelope: Any = json.loads(text)
        payload = envelope["payload"]
        texts = FREE_TEXTS.get(str(envelope.get("event_type")), frozenset())
        return _Event(
            subject=str(payload["user_id"]),
            has_text=any(payload.get(name) for name in texts),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _names(text: str, user_id: UUID) -> bool:
    lowered = text.lower()
    return str(user_id) in lowered or user_id.hex in lowered
