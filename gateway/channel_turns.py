"""Which connection to the core a call takes: one that is there, if there is one.

When a core ends it sends its clients away, and a client that comes back at once can meet the socket
that is about to close: its connection is broken off, and pauses before it tries again. Calls that
would fail meanwhile have not been sent, so taking another connection, or waiting for one, can
never do anything twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import grpc

_PATIENCE_SECONDS: Final = 2.0
"""How long calls wait after the last connection was seen: longer than a handover, and than the
pause before a connection is tried again. A core that stays away is told at once from then on."""

_LOOK_SECONDS: Final = 0.01


class Connectable(Protocol):
    """A channel, as far as its connection is concerned."""

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - gRPC's signature
        """Tell the state of the connection, and let an idle channel connect."""


@dataclass(kw_only=True)
class ChannelTurns:
    """The channels in turn, by their number; those that are connected come first."""

    channels: Sequence[Connectable]
    seconds: Callable[[], float]
    """A clock that never goes back."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _last: int = 0
    _connected_at: float | None = field(default=None)

    def now(self) -> int:
        """Return a channel that is connected, or else the one whose turn it is."""
        found = self._connected()
        self._last = (self._last + 1) % len(self.channels) if found is None else found
        return self._last

    async def soon(self, timeout_seconds: float) -> None:
        """Return when `now` has a connection, having waited a little for one that was just lost."""
        if self._connected_at is None:
            return
        gives_up_at = min(self.seconds() + timeout_seconds, self._connected_at + _PATIENCE_SECONDS)
        while self._connected() is None and self.seconds() < gives_up_at:
            await self.sleep(_LOOK_SECONDS)

    def _connected(self) -> int | None:
        """Return the next channel that is connected, and remember that there was one."""
        count = len(self.channels)
        for step in range(1, count + 1):
            number = (self._last + step) % count
            state = self.channels[number].get_state(try_to_connect=True)
            if state is grpc.ChannelConnectivity.READY:
                self._connected_at = self.seconds()
                return number
        return None
