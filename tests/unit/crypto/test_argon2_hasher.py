"""Passwords are hashed slowly, evenly, and without taking the machine away from others."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import argon2
import pytest
from structlog.testing import capture_logs

from core.crypto.argon2_hasher import Argon2idHasher, Argon2Parameters
from core.crypto.background_pool import BackgroundPool, share_out
from core.crypto.thread_priority import NICENESS
from core.domain.errors import ServerBusy

pytestmark = pytest.mark.asyncio

CHEAP = Argon2Parameters(memory_kib=64, time_cost=1, parallelism=1)
DEADLINE_SECONDS = 20.0


@asynccontextmanager
async def hashing(parameters: Argon2Parameters = CHEAP) -> AsyncIterator[Argon2idHasher]:
    pool = BackgroundPool(threads=1, queue_limit=10)
    hasher = Argon2idHasher(parameters, pool)
    await hasher.start()
    try:
        yield hasher
    finally:
        await pool.close()


class Gate:
    """Work that holds its thread until the test lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def work(self) -> str:
        self.entered.set()
        assert self.opened.wait(DEADLINE_SECONDS)
        return "done"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what a thread does has no event to await
            await asyncio.sleep(0.001)


async def test_the_hash_says_what_it_cost() -> None:
    async with hashing(Argon2Parameters(memory_kib=128, time_cost=3, parallelism=2)) as hasher:
        assert (await hasher.hash("correct horse")).startswith("$argon2id$v=19$m=128,t=3,p=2$")


async def test_only_the_right_password_fits() -> None:
    async with hashing() as hasher:
        stored = await hasher.hash("correct horse battery")
        assert await hasher.verify(stored, "correct horse battery")
        assert not await hasher.verify(stored, "correct horse batterz")
        assert not await hasher.verify(stored, "")


async def test_one_password_has_many_hashes() -> None:
    async with hashing() as hasher:
        assert await hasher.hash("correct horse") != await hasher.hash("correct horse")


async def test_passwords_that_differ_only_far_behind_differ() -> None:
    async with hashing() as hasher:
        stored = await hasher.hash("x" * 100 + "a")
        assert not await hasher.verify(stored, "x" * 100 + "b")


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("pássword\u0301", "pa\u0301ssword\u0301"),
        ("\ufb01nance", "finance"),
        ("\uff21\uff42\uff43", "Abc"),
    ],
    ids=["composed and decomposed", "ligature", "full width"],
)
async def test_one_password_from_two_keyboards_is_one(typed: str, again: str) -> None:
    async with hashing() as hasher:
        assert await hasher.verify(await hasher.hash(typed), again)


async def test_any_text_can_be_a_password() -> None:
    async with hashing() as hasher:
        for password in ("", "\x00", "a\x00b", "\ud800", "🐴" * 128):
            assert await hasher.verify(await hasher.hash(password), password)
        assert not await hasher.verify(await hasher.hash("a\x00b"), "a\x00c")


async def test_nobody_has_no_password_not_even_the_decoys() -> None:
    async with hashing() as hasher:
        assert not await hasher.verify(None, "")
        assert not await hasher.verify(None, "correct horse")


def _damaged(kind: str) -> str:
    sound = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("right")
    return {
        "empty": "",
        "plain text": "right",
        "bcrypt, cut": "$2b$12$KIXQJ3Zj0e5yBv0kVn1uUe0l2wq1h5hC4Vj1b0mC2x1Yb8a",
        "bcrypt, endless": "$2b$31$KIXQJ3Zj0e5yBv0kVn1uUe0l2wq1h5hC4Vj1b0mC2x1Yb8a3l9b6K",
        "scrypt, endless": "$scrypt$ln=30,r=8,p=1$c2FsdA$" + "A" * 43,
        "cut": sound.rpartition("$")[0],
        "letters that are none": sound[:-1] + "!",
        "no salt": sound.replace(sound.split("$")[4], ""),
        "not ASCII": sound + "é",
        "argon2i": sound.replace("argon2id", "argon2i"),
        "endless passes": sound.replace("t=1", "t=4294967295"),
        "endless memory": sound.replace("m=64", "m=4294967295"),
        "many lanes": sound.replace("p=1", "p=16777215"),
        "numbers that are none": sound.replace("m=64", "m=x"),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "plain text",
        "bcrypt, cut",
        "bcrypt, endless",
        "scrypt, endless",
        "cut",
        "letters that are none",
        "no salt",
        "not ASCII",
        "argon2i",
        "endless passes",
        "endless memory",
        "many lanes",
        "numbers that are none",
    ],
)
async def test_a_damaged_hash_fits_nothing_and_is_logged_without_itself(kind: str) -> None:
    stored = _damaged(kind)
    async with hashing() as hasher:
        with capture_logs() as lines:
            assert not await hasher.verify(stored, "right")
    assert [line["event"] for line in lines] == ["stored_password_hash_damaged"]
    assert not stored or stored not in str(lines)


async def test_a_missing_account_and_a_damaged_hash_cost_as_much_as_a_wrong_password() -> None:
    """Counts the hashings themselves: clocks on a shared machine prove little."""
    async with hashing() as hasher:
        stored = await hasher.hash("right")
        work: list[str] = []
        plain = hasher._argon2

        class Counting(argon2.PasswordHasher):
            def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
                result = None
                try:
                    result = plain.verify(hash, password)
                except argon2.exceptions.VerifyMismatchError:
                    work.append(str(hash)[: len("$argon2id$v=19$m=64,t=1,p=1$")])
                    raise
                work.append("right")
                return result

        hasher._argon2 = Counting()
        for presented in (stored, None, _damaged("letters that are none"), _damaged("cut")):
            assert not await hasher.verify(presented, "wrong")
    assert work == ["$argon2id$v=19$m=64,t=1,p=1$"] * 4


async def test_the_decoy_has_todays_parameters_even_if_nobody_started_it() -> None:
    pool = BackgroundPool(threads=1, queue_limit=1)
    hasher = Argon2idHasher(Argon2Parameters(memory_kib=80, time_cost=2, parallelism=1), pool)
    assert not await hasher.verify(None, "anything")
    assert str(hasher._decoy).startswith("$argon2id$v=19$m=80,t=2,p=1$")
    await pool.close()


async def test_a_hash_of_other_parameters_is_to_be_renewed() -> None:
    async with hashing() as hasher:
        stored = await hasher.hash("right")
        assert not hasher.needs_rehash(stored)
        assert hasher.needs_rehash(stored.replace("t=1", "t=2"))
        assert hasher.needs_rehash("damaged")
    async with hashing(Argon2Parameters(memory_kib=128, time_cost=1, parallelism=1)) as stronger:
        assert stronger.needs_rehash(stored)
        assert await stronger.verify(stored, "right")


async def test_a_full_queue_refuses_at_once() -> None:
    pool = BackgroundPool(threads=1, queue_limit=2)
    gate = Gate()
    tasks = [asyncio.create_task(pool.run(gate.work)) for _ in range(3)]
    await until(lambda: gate.entered.is_set() and pool.waiting == 2)
    with pytest.raises(ServerBusy):
        await pool.run(gate.work)
    assert (pool.running, pool.waiting) == (1, 2)
    assert pool.refused == {"queue_full": 1, "deadline": 0}
    gate.opened.set()
    assert await asyncio.gather(*tasks) == ["done"] * 3
    await until(lambda: pool.running == 0)
    assert await pool.run(lambda: "again") == "again"
    await pool.close()


async def test_without_a_queue_a_free_thread_is_used_all_the_same() -> None:
    pool = BackgroundPool(threads=1, queue_limit=0)
    gate = Gate()
    task = asyncio.create_task(pool.run(gate.work))
    await until(gate.entered.is_set)
    with pytest.raises(ServerBusy):
        await pool.run(gate.work)
    gate.opened.set()
    assert await task == "done"
    await pool.close()


async def test_who_gives_up_waiting_frees_the_place_and_is_never_worked_for() -> None:
    pool = BackgroundPool(threads=1, queue_limit=1)
    gate = Gate()
    worked: list[str] = []
    first = asyncio.create_task(pool.run(gate.work))
    await until(gate.entered.is_set)
    second = asyncio.create_task(pool.run(lambda: worked.append("second")))
    await until(lambda: pool.waiting == 1)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert pool.waiting == 0
    third = asyncio.create_task(pool.run(lambda: worked.append("third")))
    await until(lambda: pool.waiting == 1)
    gate.opened.set()
    await asyncio.gather(first, third)
    assert worked == ["third"]
    await pool.close()


async def test_work_that_nobody_waits_for_any_more_keeps_its_thread_to_the_end() -> None:
    pool = BackgroundPool(threads=1, queue_limit=1)
    gate = Gate()
    first = asyncio.create_task(pool.run(gate.work))
    await until(gate.entered.is_set)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert pool.running == 1
    second = asyncio.create_task(pool.run(lambda: "second"))
    await until(lambda: pool.waiting == 1)
    gate.opened.set()
    assert await second == "second"
    await pool.close()


async def test_an_error_of_the_work_reaches_who_waits_and_frees_the_thread() -> None:
    pool = BackgroundPool(threads=1, queue_limit=0)
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    assert await pool.run(lambda: "next") == "next"
    await pool.close()


async def test_hashing_threads_yield_to_the_rest_of_the_process() -> None:
    pool = BackgroundPool(threads=1, queue_limit=1)
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    theirs = await pool.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    # Only Linux keeps a priority and a policy for each thread.
    if sys.platform == "linux":
        assert await pool.run(lambda: os.sched_getscheduler(0)) == os.SCHED_BATCH
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert theirs == (max(ours, NICENESS) if sys.platform == "linux" else ours)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
    await pool.close()


@pytest.mark.parametrize(
    ("threads", "workers", "each"), [(2, 1, 2), (2, 2, 1), (2, 5, 1), (5, 2, 2), (64, 4, 16)]
)
async def test_threads_are_shared_out_and_every_worker_has_one(
    threads: int, workers: int, each: int
) -> None:
    assert share_out(threads, among=workers) == each


async def test_a_sandbox_that_forbids_the_policy_stops_no_hashing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbid, raising=False)
    pool = BackgroundPool(threads=1, queue_limit=1)
    assert await pool.run(lambda: "done") == "done"
    await pool.close()
