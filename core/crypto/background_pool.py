"""A bounded pool of threads that yield to everything else on the machine."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from core.crypto.thread_priority import lower_own_priority
from core.crypto.waiting_time import WaitingTime
from core.domain.call_deadline import call_deadline
from core.domain.errors import ServerBusy

QUEUE_FULL: Final = "queue_full"
DEADLINE: Final = "deadline"
"""Why work is refused: as much as may wait is waiting, or it would not be done in time."""

LEAST_RETRY_SECONDS: Final = 0.1
LONGEST_RETRY_SECONDS: Final = 30.0

T = TypeVar("T")


def share_out(threads: int, *, among: int) -> int:
    """Return how many of so many threads each of some processes has: one at least."""
    return max(1, threads // among)


class BackgroundPool:
    """Runs slow work of one event loop, a bounded number at a time, a bounded number waiting.

    Work of a call that has a deadline waits only if it can be expected to end before that. Who
    gives up waiting frees the place at once; work that has begun keeps its thread to the end.
    """

    def __init__(
        self, *, threads: int, queue_limit: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Start no thread yet. `monotonic` is the clock that deadlines of calls are told by."""
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="background", initializer=lower_own_priority
        )
        self._queue_limit = queue_limit
        self._monotonic = monotonic
        self._free = asyncio.Semaphore(threads)
        self._waiting_time = WaitingTime(threads)
        self._waiting = 0
        self._begun: dict[asyncio.Future[Any], float] = {}
        self._refused = dict.fromkeys((QUEUE_FULL, DEADLINE), 0)

    @property
    def waiting(self) -> int:
        """How much work waits for a thread."""
        return self._waiting

    @property
    def running(self) -> int:
        """How many threads are at work."""
        return len(self._begun)

    @property
    def refused(self) -> Mapping[str, int]:
        """How much work was refused since the start, by reason."""
        return self._refused

    @property
    def work_seconds(self) -> float:
        """How long one piece of work takes at present; 0 before the first has ended."""
        return self._waiting_time.mean_seconds

    @property
    def wait_seconds(self) -> float:
        """How long work that came now would wait for a thread, by estimate."""
        now = self._monotonic()
        # A copy: metrics are read by another thread.
        begun = tuple(self._begun.values())
        return self._waiting_time.seconds(
            waiting=self._waiting, running_for=[now - began for began in begun]
        )

    def admit(self) -> None:
        """Refuse what `run` would refuse at this moment. Nothing is reserved.

        With a free thread nothing is refused: whatever the estimate says then, working is how it is
        put right.

        Raises:
            ServerBusy: as of `run`; it says when the same call would be let in.
        """
        if not self._free.locked():
            return
        wait = self.wait_seconds
        if self._waiting >= self._queue_limit:
            raise self._refusal(QUEUE_FULL, wait)
        deadline = call_deadline()
        late = 0.0 if deadline is None else self._monotonic() + wait + self.work_seconds - deadline
        if late > 0:
            raise self._refusal(DEADLINE, late)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises.

        Raises:
            ServerBusy: as much work as may wait is waiting, or the call that this work belongs to
                would be over before it.
        """
        self.admit()
        await self._wait_for_thread()
        try:
            future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        except BaseException:
            self._free.release()
            raise
        self._begun[future] = self._monotonic()
        future.add_done_callback(self._give_back)
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Let the work under way end, and refuse more."""
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)

    async def _wait_for_thread(self) -> None:
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    def _give_back(self, future: asyncio.Future[T]) -> None:
        self._waiting_time.note(self._monotonic() - self._begun.pop(future))
        self._free.release()

    def _refusal(self, reason: str, seconds: float) -> ServerBusy:
        self._refused[reason] += 1
        return ServerBusy(
            retry_after_seconds=min(max(seconds, LEAST_RETRY_SECONDS), LONGEST_RETRY_SECONDS)
        )
