"""The stream of entries that could not be applied, each as it came and with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from core.domain.ports.event_source import DeadLetter, Delivery, Refusal
from core.redis.errors import redis_errors
from core.redis.event_stream import EVENT_FIELD
from core.redis.stream_scripts import run_script

_MARK = "dead_letter"
"""The first of our fields. What stands before its last appearance is the entry as it came."""

_FORM = "1"

# Only who still holds the entry moves it, so two that work on one entry leave one dead letter. A
# server without memory refuses the first write, and then nothing has happened. 2,000 fields are
# what fits on the interpreter's stack with room to spare; nobody sends more than one.
BURY = """
local held = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
if held.err or #held == 0 then return false end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
local fields = {}
for i, text in ipairs(entry and entry[2] or {}) do
    if i <= 4000 then fields[i] = text end
end
for i = 3, #ARGV do fields[#fields + 1] = ARGV[i] end
local id = redis.call('XADD', KEYS[2], '*', unpack(fields))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return id
"""

_REPLAY = """
local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then return false end
local fields, last = letter[2], 0
for i = 1, #fields, 2 do
    if fields[i] == ARGV[2] then last = i - 1 end
end
if last < 2 then return redis.error_reply('NOENTRY the dead letter holds no entry') end
local id = redis.call('XADD', KEYS[2], '*', unpack(fields, 1, last))
redis.call('XDEL', KEYS[1], ARGV[1])
return id
"""


def dead_stream(stream: str) -> str:
    """Return the key of a stream's dead letters (contract, section 5)."""
    return f"{stream}.dead"


def letter_fields(
    delivery: Delivery, refusal: Refusal, *, at: datetime, group: str, consumer: str
) -> Sequence[str]:
    """Return what is added to an entry that could not be applied: names and values by turns."""
    facts = {
        _MARK: _FORM,
        "reason": refusal.reason,
        "detail": refusal.detail,
        "event_id": refusal.event_id,
        "event_type": refusal.event_type,
        "failed_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "group": group,
        "consumer": consumer,
        "entry_id": delivery.entry_id,
        "deliveries": str(delivery.deliveries),
    }
    return [text for pair in facts.items() for text in pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisDeadLetters:
    """Implements the port DeadLetters for one stream; `timeout_seconds` bounds each call."""

    client: Redis
    stream: str
    timeout_seconds: float

    async def count(self) -> int:
        """Return how many there are."""
        async with redis_errors(self.client, timeout_seconds=self.timeout_seconds):
            return await self.client.xlen(dead_stream(self.stream))

    async def page(self, *, after: str, limit: int) -> Sequence[DeadLetter]:
        """Return dead letters whose id is above one, oldest first."""
        async with redis_errors(self.client, timeout_seconds=self.timeout_seconds):
            entries: Any = await self.client.xrange(
                dead_stream(self.stream), min=f"({after}", count=limit
            )
        return [_letter(letter_id, fields) for letter_id, fields in entries]

    async def replay(self, letter_id: str) -> str | None:
        """Append the entry as it came to its stream again, and remove the dead letter."""
        answer = await run_script(
            self.client,
            _REPLAY,
            keys=[dead_stream(self.stream), self.stream],
            arguments=[letter_id, _MARK],
            timeout_seconds=self.timeout_seconds,
        )
        return None if answer is None else str(answer)


def _letter(letter_id: str, fields: Mapping[str, str]) -> DeadLetter:
    deliveries = fields.get("deliveries", "")
    return DeadLetter(
        id=letter_id,
        failed_at=fields.get("failed_at", ""),
        refusal=Refusal(
            reason=fields.get("reason", ""),
            detail=fields.get("detail", ""),
            event_id=fields.get("event_id", ""),
            event_type=fields.get("event_type", ""),
        ),
        consumer=fields.get("consumer", ""),
        entry_id=fields.get("entry_id", ""),
        deliveries=int(deliveries) if deliveries.isdecimal() else 0,
        text=fields.get(EVENT_FIELD),
    )
