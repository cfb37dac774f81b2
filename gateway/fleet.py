"""Channels that were opened together, and end together when their certificates are replaced."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import grpc

from gateway.channel_turns import ChannelTurns


class CallUnderWay(Protocol):
    """A call of either kind."""

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        """Call back when it is over, however it ends."""


class Fleet:
    """Channels that were opened together, and the calls that are under way on them."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        """Take the channels; needs a running event loop."""
        self.channels = channels
        self.turns = ChannelTurns(channels=channels, seconds=time.monotonic)
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def count(self, call: CallUnderWay) -> None:
        """Count a call in, and out when it is over, however it ends."""
        self._under_way += 1
        self._idle.clear()
        call.add_done_callback(self._over)

    async def retire(self) -> None:
        """Close the channels after the last call; no new one may begin."""
        try:
            await self._idle.wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the channels; calls in flight are cancelled."""
        for channel in self.channels:
            await channel.close()

    def _over(self, _: object) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()
