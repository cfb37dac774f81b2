"""The writing end of a Redis Stream."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from core.redis.errors import redis_errors

EVENT_FIELD = "event"
"""The one field of every entry (contract, section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEventStream:
    """Implements the domain's EventStream on one stream key.

    `timeout_seconds` bounds a whole `append`, connecting included.
    """

    client: Redis
    stream: str
    timeout_seconds: float

    async def append(self, entries: Sequence[str]) -> Sequence[str]:
        """Append the entries as one MULTI/EXEC, sent in one go; see the port for what is promised.

        A plain pipeline would go on after a refused command: with memory running out and coming
        back, the second of three events could be missing between the others, and order with it.
        """
        if not entries:
            return []
        async with redis_errors(self.client, timeout_seconds=self.timeout_seconds):
            pipeline = self.client.pipeline(transaction=True)
            for entry in entries:
                _ = pipeline.xadd(self.stream, {EVENT_FIELD: entry})
            return [str(stream_id) for stream_id in await pipeline.execute()]
