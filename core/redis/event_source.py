"""The reading end of a Redis Stream: one consumer of a group."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis.asyncio import Redis

from core.domain.ports.event_source import Delivery, Refusal
from core.redis.dead_letters import BURY, dead_stream, letter_fields
from core.redis.errors import redis_errors
from core.redis.event_stream import EVENT_FIELD
from core.redis.stream_scripts import run_script

# A consumer that still holds entries keeps its name: with it the group would forget them.
_FORGET = """
local forgotten = {}
for _, facts in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local consumer = {}
    for i = 1, #facts, 2 do consumer[facts[i]] = facts[i + 1] end
    local is_named = ARGV[3] == '' or consumer['name'] == ARGV[3]
    if is_named and consumer['pending'] == 0 and consumer['idle'] >= tonumber(ARGV[2]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
        forgotten[#forgotten + 1] = consumer['name']
    end
end
return forgotten
"""

_OPEN = """
if redis.call('EXISTS', KEYS[1]) == 1 then
    for _, facts in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
        for i = 1, #facts, 2 do
            if facts[i] == 'name' and facts[i + 1] == ARGV[1] then return false end
        end
    end
end
return redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
"""

_ANYBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """Who reads what: times in seconds, `batch_size` entries at a time."""

    stream: str
    group: str
    consumer: str
    batch_size: int
    block_seconds: float
    claim_idle_seconds: float
    forget_idle_seconds: float
    timeout_seconds: float
    """Longest time for one operation, connecting included; waiting for entries comes on top."""


class RedisEventSource:
    """Implements the port EventSource on one stream key.

    The client must decode with `surrogateescape`: an entry that is no UTF-8 has to be readable,
    or it could never be put aside.
    """

    def __init__(self, client: Redis, options: SourceOptions) -> None:
        """Take a client and what to read with it."""
        self._client = client
        self._options = options

    async def open(self) -> None:
        """Register the group, so that it gets everything from the stream's beginning on."""
        options = self._options
        # Asked first, because a server without memory refuses to make what is there already.
        await run_script(
            self._client,
            _OPEN,
            keys=[options.stream],
            arguments=[options.group],
            timeout_seconds=options.timeout_seconds,
        )

    async def read(self) -> Sequence[Delivery]:
        """Return entries that nobody was given yet, oldest first; wait a moment for some."""
        options = self._options
        async with self._bounded(extra_seconds=options.block_seconds):
            answer: Any = await self._client.xreadgroup(
                options.group,
                options.consumer,
                {options.stream: ">"},
                count=options.batch_size,
                block=max(1, round(options.block_seconds * 1000)),
            )
        streams = answer.values() if isinstance(answer, Mapping) else (pair[1] for pair in answer)
        return [_delivery(entry_id, fields, 1) for entry_id, fields in _entries(streams)]

    async def take_over(self) -> Sequence[Delivery]:
        """Return entries that somebody was given and has not worked on for long."""
        options = self._options
        async with self._bounded():
            _, claimed, *_ = await self._client.xautoclaim(
                options.stream,
                options.group,
                options.consumer,
                min_idle_time=round(options.claim_idle_seconds * 1000),
                count=options.batch_size,
            )
            if not claimed:
                return []
            pending: Any = await self._client.xpending_range(
                options.stream,
                options.group,
                min=claimed[0][0],
                max=claimed[-1][0],
                count=100 * options.batch_size,
                consumername=options.consumer,
            )
        deliveries = {one["message_id"]: int(one["times_delivered"]) for one in pending}
        return [
            _delivery(entry_id, fields, deliveries.get(entry_id, 1)) for entry_id, fields in claimed
        ]

    async def keep(self, entry_ids: Collection[str]) -> None:
        """Say that this consumer still works on entries, so that nobody takes them over."""
        if not entry_ids:
            return
        options = self._options
        async with self._bounded():
            # JUSTID leaves the count of deliveries as it is.
            await self._client.xclaim(
                options.stream,
                options.group,
                options.consumer,
                min_idle_time=0,
                message_ids=list(entry_ids),
                justid=True,
            )

    async def acknowledge(self, entry_id: str) -> None:
        """Say that an entry is done with."""
        async with self._bounded():
            await self._client.xack(self._options.stream, self._options.group, entry_id)

    async def bury(self, delivery: Delivery, refusal: Refusal, *, at: datetime) -> bool:
        """Move an entry to the dead letters in one step; False: the group is done with it."""
        options = self._options
        letter = letter_fields(
            delivery, refusal, at=at, group=options.group, consumer=options.consumer
        )
        buried = await run_script(
            self._client,
            BURY,
            keys=[options.stream, dead_stream(options.stream)],
            arguments=[options.group, delivery.entry_id, *letter],
            timeout_seconds=options.timeout_seconds,
        )
        return buried is not None

    async def forget_idle(self) -> Sequence[str]:
        """Remove the names of consumers that hold nothing and have been silent for long."""
        return await self._forget(_ANYBODY, idle_seconds=self._options.forget_idle_seconds)

    async def leave(self) -> None:
        """Remove this consumer's name, unless it still holds entries."""
        await self._forget(self._options.consumer, idle_seconds=0)

    async def _forget(self, name: str, *, idle_seconds: float) -> Sequence[str]:
        answer: Any = await run_script(
            self._client,
            _FORGET,
            keys=[self._options.stream],
            arguments=[self._options.group, round(idle_seconds * 1000), name],
            timeout_seconds=self._options.timeout_seconds,
        )
        return [str(forgotten) for forgotten in answer]

    def _bounded(self, *, extra_seconds: float = 0.0) -> Any:  # noqa: ANN401 - a context manager
        return redis_errors(
            self._client, timeout_seconds=self._options.timeout_seconds + extra_seconds
        )


def _entries(streams: Any) -> Iterator[tuple[str, Mapping[str, str]]]:  # noqa: ANN401 - untyped
    for entries in streams:
        # One list more around the entries with the newer protocol.
        for entry in entries:
            yield from entry if isinstance(entry, list) else [entry]


def _delivery(entry_id: str, fields: Mapping[str, str], deliveries: int) -> Delivery:
    return Delivery(entry_id=entry_id, text=fields.get(EVENT_FIELD), deliveries=deliveries)
