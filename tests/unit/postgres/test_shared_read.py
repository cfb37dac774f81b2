"""Concurrent reads share a query, and nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

import pytest

from core.domain.errors import DependencyUnavailable
from core.postgres.shared_read import SharedRead

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 5.0


class Store:
    """Answers with the square of every even key, and takes note of each query."""

    def __init__(self) -> None:
        self.queries: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: BaseException | None = None

    async def fetch(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.queries.append(list(keys))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {key: key * key for key in keys if key % 2 == 0}


async def reads(reader: SharedRead[int, int], *keys: int) -> list[asyncio.Task[int | None]]:
    """Start reads and let them get as far as they can without an answer."""
    tasks = [asyncio.create_task(reader.get(key)) for key in keys]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_fifty_reads_of_one_turn_share_one_query_and_each_gets_its_own_answer() -> None:
    store = Store()
    answers = await asyncio.gather(*map(SharedRead(store.fetch).get, range(50)))
    assert answers == [key * key if key % 2 == 0 else None for key in range(50)]
    assert store.queries == [list(range(50))]


async def test_the_same_key_is_asked_for_once() -> None:
    store = Store()
    reader = SharedRead(store.fetch)
    assert await asyncio.gather(*(reader.get(4) for _ in range(10))) == [16] * 10
    assert store.queries == [[4]]


async def test_nothing_is_kept_for_the_next_read() -> None:
    store = Store()
    reader = SharedRead(store.fetch)
    assert [await reader.get(2), await reader.get(2)] == [4, 4]
    assert store.queries == [[2], [2]]


async def test_a_read_never_joins_a_query_that_was_sent_before() -> None:
    store = Store()
    store.gate.clear()
    reader = SharedRead(store.fetch, patience_seconds=0.0)
    first = await reads(reader, 2)
    second = await reads(reader, 2)
    assert store.queries == [[2], [2]]
    store.gate.set()
    assert await asyncio.gather(*first, *second) == [4, 4]


async def test_keys_gather_while_a_query_is_under_way() -> None:
    store = Store()
    store.gate.clear()
    reader = SharedRead(store.fetch, patience_seconds=DEADLINE_SECONDS)
    first = await reads(reader, 2)
    later = await reads(reader, 4, 6)
    later += await reads(reader, 8)
    assert store.queries == [[2]]
    store.gate.set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await asyncio.gather(*first, *later) == [4, 16, 36, 64]
    assert store.queries == [[2], [4, 6, 8]]


async def test_a_query_that_hangs_holds_up_those_who_come_later_for_a_moment_only() -> None:
    store = Store()
    store.gate.clear()
    reader = SharedRead(store.fetch, max_in_flight=3, patience_seconds=0.01)
    tasks = await reads(reader, 2)
    async with asyncio.timeout(DEADLINE_SECONDS):
        for expected in ([2], [2, 4], [2, 4, 6]):
            while [key for (key,) in store.queries] != expected:  # noqa: ASYNC110 - a timer sends
                await asyncio.sleep(0.001)
            tasks += await reads(reader, expected[-1] + 2)
    assert store.queries == [[2], [4], [6]]
    # No more than three: what came last waits for one of them to end.
    await asyncio.sleep(0.05)
    assert store.queries == [[2], [4], [6]]
    store.gate.set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await asyncio.gather(*tasks) == [4, 16, 36, 64]
    assert store.queries == [[2], [4], [6], [8]]


async def test_an_error_reaches_everyone_who_asked_and_nobody_later() -> None:
    store = Store()
    store.error = DependencyUnavailable("postgres")
    reader = SharedRead(store.fetch)
    answers = await asyncio.gather(*map(reader.get, (1, 2, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DependencyUnavailable] * 3
    store.error = None
    assert await reader.get(2) == 4


async def test_an_error_lets_those_go_on_who_gathered_meanwhile() -> None:
    store = Store()
    store.gate.clear()
    store.error = DependencyUnavailable("postgres")
    reader = SharedRead(store.fetch, max_in_flight=1)
    first = await reads(reader, 2)
    later = await reads(reader, 4)
    store.gate.set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        answers = await asyncio.gather(*first, *later, return_exceptions=True)
    assert [type(answer) for answer in answers] == [DependencyUnavailable] * 2
    assert store.queries == [[2], [4]]


async def test_a_caller_who_is_cancelled_takes_nobody_along() -> None:
    store = Store()
    store.gate.clear()
    impatient, patient, other = await reads(SharedRead(store.fetch), 2, 2, 4)
    impatient.cancel()
    store.gate.set()
    assert [await patient, await other] == [4, 16]
    assert impatient.cancelled()


async def test_a_query_that_is_cancelled_leaves_nobody_waiting() -> None:
    store = Store()
    store.error = asyncio.CancelledError()
    reader = SharedRead(store.fetch)
    async with asyncio.timeout(DEADLINE_SECONDS):
        answers = await asyncio.gather(reader.get(2), return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)


async def test_the_query_runs_in_the_context_of_whoever_asked_first() -> None:
    trace: ContextVar[str] = ContextVar("trace", default="nobody's")
    seen: list[str] = []

    async def fetch(keys: Sequence[int]) -> Mapping[int, int]:
        seen.append(trace.get())
        return dict.fromkeys(keys, 0)

    reader = SharedRead(fetch, max_in_flight=1)

    async def ask(name: str, key: int) -> None:
        trace.set(name)
        await reader.get(key)

    await asyncio.gather(ask("first", 1), ask("second", 2))
    await asyncio.create_task(ask("third", 3))
    assert seen == ["first", "third"]
