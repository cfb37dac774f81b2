"""Nothing waits for a thread that could not be done in time, and who is refused is told when."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from core.crypto.argon2_hasher import Argon2idHasher, Argon2Parameters
from core.crypto.background_pool import (
    LEAST_RETRY_SECONDS,
    LONGEST_RETRY_SECONDS,
    BackgroundPool,
)
from core.crypto.waiting_time import WaitingTime
from core.domain.call_deadline import answered_by, call_deadline
from core.domain.errors import ServerBusy

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 20.0
WORK_SECONDS = 2.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Busy:
    """A pool whose threads are held, and that has learnt how long its work takes."""

    def __init__(self, pool: BackgroundPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock
        self.opened = threading.Event()
        self.tasks: list[asyncio.Task[object]] = []

    async def learn(self, seconds: float) -> None:
        """Let one piece of work take so long."""
        gate = threading.Event()
        task = asyncio.create_task(self.pool.run(lambda: gate.wait(DEADLINE_SECONDS)))
        await until(lambda: self.pool.running == 1)
        self.clock.now += seconds
        gate.set()
        await task
        await until(lambda: self.pool.running == 0)

    async def fill(self, pieces: int) -> None:
        """Bring so many pieces of work, which go on until the end of the test."""
        present = self.pool.running + self.pool.waiting
        for _ in range(pieces):
            work = self.pool.run(lambda: self.opened.wait(DEADLINE_SECONDS))
            self.tasks.append(asyncio.create_task(work))
        await until(lambda: self.pool.running + self.pool.waiting == present + pieces)

    def refusal(self, *, seconds_left: float) -> ServerBusy | None:
        """Return what a call is told that has to be answered within so many seconds."""
        with answered_by(self.clock.now + seconds_left):
            try:
                self.pool.admit()
            except ServerBusy as refusal:
                return refusal
        return None


@asynccontextmanager
async def busy_pool(*, threads: int = 1, queue_limit: int = 10) -> AsyncIterator[Busy]:
    clock = Clock()
    pool = BackgroundPool(threads=threads, queue_limit=queue_limit, monotonic=clock)
    busy = Busy(pool, clock)
    await busy.learn(WORK_SECONDS)
    try:
        yield busy
    finally:
        busy.opened.set()
        await asyncio.gather(*busy.tasks)
        await pool.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what a thread does has no event to await
            await asyncio.sleep(0.001)


async def test_the_wait_is_what_stands_before_by_what_a_piece_of_work_takes() -> None:
    estimate = WaitingTime(threads=2)
    assert estimate.seconds(waiting=7, running_for=[0.0, 0.0]) == 0.0
    estimate.note(4.0)
    assert estimate.seconds(waiting=0, running_for=[1.0]) == 0.0
    assert estimate.seconds(waiting=0, running_for=[1.0, 3.0]) == 2.0
    assert estimate.seconds(waiting=3, running_for=[1.0, 3.0]) == 8.0
    assert estimate.seconds(waiting=3, running_for=[9.0, 9.0]) == 6.0


async def test_the_estimate_shrinks_when_work_gets_faster_and_grows_when_it_gets_slower() -> None:
    estimate = WaitingTime(threads=1)
    estimate.note(4.0)
    told = [estimate.mean_seconds]
    for seconds in [1.0] * 40:
        estimate.note(seconds)
        told.append(estimate.mean_seconds)
    assert told == sorted(told, reverse=True)
    assert told[-1] == pytest.approx(1.0, abs=0.1)
    estimate.note(2.0)
    assert estimate.mean_seconds > told[-1]


async def test_a_call_is_refused_when_its_deadline_comes_before_its_turn_and_its_work() -> None:
    async with busy_pool() as busy:
        await busy.fill(3)
        assert busy.pool.wait_seconds == 3 * WORK_SECONDS
        assert busy.refusal(seconds_left=4 * WORK_SECONDS) is None
        refused = busy.refusal(seconds_left=4 * WORK_SECONDS - 0.5)
        assert refused is not None
        assert refused.retry_after_seconds == pytest.approx(0.5)
        assert busy.pool.refused == {"queue_full": 0, "deadline": 1}


async def test_what_has_run_for_a_while_is_waited_for_less() -> None:
    async with busy_pool() as busy:
        await busy.fill(1)
        assert busy.refusal(seconds_left=3.0) is not None
        busy.clock.now += 1.5
        assert busy.refusal(seconds_left=3.0) is None


async def test_two_threads_halve_the_wait() -> None:
    async with busy_pool(threads=2) as busy:
        await busy.fill(4)
        assert busy.pool.wait_seconds == 2 * WORK_SECONDS


async def test_the_refused_work_neither_waits_nor_runs() -> None:
    async with busy_pool() as busy:
        await busy.fill(2)
        worked: list[str] = []
        with answered_by(busy.clock.now + 1.0), pytest.raises(ServerBusy):
            await busy.pool.run(lambda: worked.append("in vain"))
        assert (busy.pool.running, busy.pool.waiting) == (1, 1)
    assert worked == []


async def test_with_a_free_thread_no_estimate_refuses_anybody() -> None:
    """Else one slow hour would refuse everybody for ever: no work, no better estimate."""
    async with busy_pool() as busy:
        await busy.learn(3600.0)
        assert busy.refusal(seconds_left=0.01) is None
        with answered_by(busy.clock.now + 0.01):
            assert await busy.pool.run(lambda: "done") == "done"


async def test_without_a_deadline_only_a_full_queue_refuses() -> None:
    async with busy_pool(queue_limit=3) as busy:
        await busy.learn(3600.0)
        await busy.fill(3)
        busy.pool.admit()
        await busy.fill(1)
        with pytest.raises(ServerBusy):
            busy.pool.admit()
        assert busy.pool.refused == {"queue_full": 1, "deadline": 0}


@pytest.mark.parametrize(
    ("late", "told"), [(0.001, LEAST_RETRY_SECONDS), (1e6, LONGEST_RETRY_SECONDS)]
)
async def test_what_the_refused_are_told_is_neither_at_once_nor_never(
    late: float, told: float
) -> None:
    async with busy_pool() as busy:
        await busy.fill(1)
        refused = busy.refusal(seconds_left=2 * WORK_SECONDS - late)
        assert refused is not None
        assert refused.retry_after_seconds == told


async def test_a_full_queue_says_how_long_it_takes_to_empty() -> None:
    async with busy_pool(queue_limit=2) as busy:
        await busy.fill(3)
        with pytest.raises(ServerBusy) as refused:
            busy.pool.admit()
        assert refused.value.retry_after_seconds == 3 * WORK_SECONDS


async def test_who_gave_up_waiting_is_not_waited_for_any_more() -> None:
    async with busy_pool() as busy:
        await busy.fill(2)
        assert busy.refusal(seconds_left=5.0) is not None
        gone = busy.tasks.pop()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert busy.refusal(seconds_left=5.0) is None


async def test_hashing_that_would_be_refused_can_be_asked_after_beforehand() -> None:
    async with busy_pool(queue_limit=1) as busy:
        hasher = Argon2idHasher(
            Argon2Parameters(memory_kib=64, time_cost=1, parallelism=1), busy.pool
        )
        hasher.ensure_capacity()
        await busy.fill(2)
        with pytest.raises(ServerBusy):
            hasher.ensure_capacity()


async def test_a_deadline_is_known_within_its_block_and_in_tasks_that_begin_there() -> None:
    async def told() -> float | None:
        return call_deadline()

    with answered_by(5.0):
        with answered_by(9.0):
            assert call_deadline() == 5.0
        with answered_by(3.0):
            assert await asyncio.create_task(told()) == 3.0
        assert call_deadline() == 5.0
    assert call_deadline() is None
