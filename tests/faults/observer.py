"""Somebody who reads the stream all the time, as the platform's services do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis.asyncio

from tests.e2e.site import Site

_START: Final = "0-0"
_BATCH: Final = 500
_BLOCK_MILLISECONDS: Final = 200
_PAUSE_SECONDS: Final = 0.1


@dataclass(kw_only=True)
class Observer:
    """Notes every entry in the order of its arrival, repeats included.

    It never goes back: entries that are sent again after a loss have ids above all before them.
    """

    site: Site
    entries: list[str] = field(default_factory=list)
    _last_id: str = _START
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Let `run` end once it has read everything."""
        self._stopping.set()

    async def run(self) -> None:
        """Read until told to stop, whatever becomes of Redis meanwhile."""
        url = self.site.servers.stack.valkey.url()
        async with redis.asyncio.Redis.from_url(
            url, decode_responses=True, socket_timeout=1
        ) as client:
            while await self._read(client) or not self._stopping.is_set():
                pass

    async def _read(self, client: "redis.asyncio.Redis") -> bool:
        try:
            answer: Any = await client.xread(
                {self.site.stream: self._last_id}, count=_BATCH, block=_BLOCK_MILLISECONDS
            )
        except (redis.ConnectionError, redis.TimeoutError):
            await asyncio.sleep(_PAUSE_SECONDS)
            return False
        return self._note(answer)

    def _note(self, streams: Sequence[Any]) -> bool:
        for _, entries in streams:
            for stream_id, fields in entries:
                self.entries.append(fields["event"])
                self._last_id = stream_id
        return bool(streams)
