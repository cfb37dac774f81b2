"""Turns: who would wait for one row of the database waits in memory instead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Lets the calls of this process that share a key pass one by one, in their order.

    The database's lock is what keeps them apart; but whoever waits there holds a connection, and
    a burst of calls with one token would hold all of them and shut everybody else out.
    """

    def __init__(self) -> None:
        # An entry lives as long as somebody has, or waits for, the turn.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __len__(self) -> int:
        """Return for how many keys somebody has, or waits for, the turn."""
        return len(self._locks)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for the turn, and keep it until the block is left."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield
