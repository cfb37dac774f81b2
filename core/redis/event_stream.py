"""The writing end of a Redis Stream."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from core.domain.ports.outbox_relay import EntriesMissing, StreamFull
from core.domain.stream_id import position
from core.redis.stream_scripts import run_script

EVENT_FIELD = "event"
"""The one field of every entry (contract, section 5)."""

UNBOUNDED = 2**53

# Looking and appending are one step, and all of a batch is appended or nothing: Redis decides
# before a script's first write whether memory allows it, and runs nobody else in between. The id
# is the server's, unless its clock has not yet reached what an earlier stream gave.
_APPEND = """
local key, bound = KEYS[1], tonumber(ARGV[1])
local above_ms, above_number = tonumber(ARGV[2]), tonumber(ARGV[3])
local first = 5 + tonumber(ARGV[4])
for i = 5, first - 1 do
    if #redis.call('XRANGE', key, ARGV[i], ARGV[i], 'COUNT', 1) == 0 then return {'MISSING'} end
end
local length = redis.call('XLEN', key)
if length > 0 and length + #ARGV - first + 1 > bound then return {'FULL'} end
local id, time = '*', redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) <= above_ms then
    local ms, number = 0, 0
    if redis.call('EXISTS', key) == 1 then
        local facts = redis.call('XINFO', 'STREAM', key)
        for i = 1, #facts, 2 do
            if facts[i] == 'last-generated-id' then
                ms, number = string.match(facts[i + 1], '^(%d+)-(%d+)$')
            end
        end
    end
    ms, number = tonumber(ms), tonumber(number)
    if ms < above_ms or (ms == above_ms and number < above_number) then
        id = string.format('%.0f-%.0f', above_ms, above_number + 1)
    end
end
local ids = {'APPENDED'}
for i = first, #ARGV do
    ids[#ids + 1] = redis.call('XADD', key, id, 'event', ARGV[i])
    id = '*'
end
return ids
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEventStream:
    """Implements the domain's EventStream on one stream key.

    `timeout_seconds` bounds a whole `append`, connecting included; `max_length` is the bound.
    """

    client: Redis
    stream: str
    timeout_seconds: float
    max_length: int = UNBOUNDED

    async def append(
        self, entries: Sequence[str], *, after: Collection[str] = (), above: str = "0-0"
    ) -> Sequence[str]:
        """Append the entries in one step; see the port for what is promised."""
        if not entries:
            return []
        arguments: list[str | int] = [
            self.max_length,
            *position(above),
            len(after),
            *after,
            *entries,
        ]
        answer = await run_script(
            self.client,
            _APPEND,
            keys=[self.stream],
            arguments=arguments,
            timeout_seconds=self.timeout_seconds,
        )
        outcome, *stream_ids = cast("Sequence[str]", answer)
        if outcome == "MISSING":
            raise EntriesMissing
        if outcome == "FULL":
            raise StreamFull
        return stream_ids
