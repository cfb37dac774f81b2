"""What a Redis Stream holds, how far its readers are, and which entries may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

from core.domain.ports.stream_upkeep import StreamMeasure
from core.redis.errors import redis_errors
from core.redis.stream_scripts import run_script

_MISSING = """
local missing = {}
for _, id in ipairs(ARGV) do
    if #redis.call('XRANGE', KEYS[1], id, id, 'COUNT', 1) == 0 then missing[#missing + 1] = id end
end
return missing
"""

# `needed_from` is the first id that some group still needs: its lowest pending entry, or what comes
# after the last one that it was given. Nil where nobody has registered.
_NEEDED = """
local function parts(id)
    local ms, number = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(number)
end
local function less(one, other)
    local ms, number = parts(one)
    local other_ms, other_number = parts(other)
    return ms < other_ms or (ms == other_ms and number < other_number)
end
local function next_to(id)
    local ms, number = parts(id)
    return string.format('%.0f-%.0f', ms, number + 1)
end
local function needed_from(key)
    local lowest = nil
    for _, facts in ipairs(redis.call('XINFO', 'GROUPS', key)) do
        local group = {}
        for i = 1, #facts, 2 do group[facts[i]] = facts[i + 1] end
        local needed = next_to(group['last-delivered-id'])
        if group['pending'] > 0 then
            local pending = redis.call('XPENDING', key, group['name'])[2]
            if pending and less(pending, needed) then needed = pending end
        end
        if lowest == nil or less(needed, lowest) then lowest = needed end
    end
    return lowest
end
"""

_TRIMMABLE = (
    _NEEDED
    + """
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])
if #oldest == 0 then return false end
local below, needed = next_to(oldest[#oldest][1]), needed_from(KEYS[1])
if needed and less(needed, below) then below = needed end
if less(oldest[1][1], below) then return below end
return false
"""
)

_TRIM = (
    _NEEDED
    + """
local below = ARGV[1]
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local needed = needed_from(KEYS[1])
if needed and less(needed, below) then below = needed end
return redis.call('XTRIM', KEYS[1], 'MINID', '=', below)
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisStreamUpkeep:
    """Implements the port StreamUpkeep; `timeout_seconds` bounds each call."""

    client: Redis
    stream: str
    timeout_seconds: float

    async def missing(self, stream_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the entries that the stream does not hold."""
        if not stream_ids:
            return []
        return [str(one) for one in cast("Sequence[str]", await self._run(_MISSING, *stream_ids))]

    async def trimmable_below(self, *, at_most: int) -> str | None:
        """Return the id below which the oldest entries may go, at most so many of them."""
        answer = await self._run(_TRIMMABLE, at_most)
        return None if answer is None else str(answer)

    async def trim(self, below: str) -> int:
        """Drop the entries below an id, and none that a group still needs."""
        return int(cast("int", await self._run(_TRIM, below)))

    async def measure(self) -> StreamMeasure:
        """Return how long the stream is, and how far its readers are behind."""
        async with redis_errors(self.client, timeout_seconds=self.timeout_seconds):
            length = await self.client.xlen(self.stream)
            groups: Any = await self.client.xinfo_groups(self.stream) if length else []
        return StreamMeasure(
            length=length,
            unread={
                str(group["name"]): int(group["lag"])
                for group in groups
                if group.get("lag") is not None
            },
        )

    async def _run(self, script: str, *arguments: str | int) -> object:
        return await run_script(
            self.client,
            script,
            keys=[self.stream],
            arguments=arguments,
            timeout_seconds=self.timeout_seconds,
        )
