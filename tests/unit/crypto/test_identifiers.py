"""Ids sort by the time at which they were made, also within a millisecond."""

import itertools
import threading
from datetime import timedelta
from uuid import RFC_4122, UUID

from core.crypto.identifiers import MonotonicUuid7
from core.observability.clock import SystemClock
from tests.fakes.clock import START, FakeClock


def unix_ms(value: UUID) -> int:
    return value.int >> 80


def test_an_id_is_a_uuid_of_version_7_and_holds_its_time() -> None:
    value = MonotonicUuid7(clock=FakeClock()).new_id()
    assert (value.version, value.variant) == (7, RFC_4122)
    assert unix_ms(value) == int(START.timestamp() * 1000)


def test_ids_of_one_millisecond_increase() -> None:
    ids = MonotonicUuid7(clock=FakeClock())
    made = [ids.new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(value.version, value.variant) for value in made} == {(7, RFC_4122)}
    assert {unix_ms(value) for value in made} == {unix_ms(made[0])}


def test_ids_increase_while_the_clock_steps_back() -> None:
    clock = FakeClock()
    ids = MonotonicUuid7(clock=clock)
    before = ids.new_id()
    clock.set(START - timedelta(hours=1))
    after = ids.new_id()
    assert after > before
    clock.set(START + timedelta(seconds=1))
    assert unix_ms(ids.new_id()) == unix_ms(before) + 1000


def test_a_carry_goes_around_version_and_variant() -> None:
    ids = MonotonicUuid7(clock=FakeClock(), randomness=lambda count: b"\xff" * count)
    first, second = ids.new_id(), ids.new_id()
    assert second > first
    assert (second.version, second.variant) == (7, RFC_4122)
    assert unix_ms(second) == unix_ms(first) + 1


def test_the_next_id_cannot_be_guessed_from_the_last() -> None:
    ids = MonotonicUuid7(clock=FakeClock())
    made = [ids.new_id().int for _ in range(100)]
    steps = {later - earlier for earlier, later in itertools.pairwise(made)}
    assert len(steps) == len(made) - 1


def test_threads_never_share_an_id() -> None:
    ids = MonotonicUuid7(clock=SystemClock())
    made: list[UUID] = []
    threads = [
        threading.Thread(target=lambda: made.extend([ids.new_id() for _ in range(2000)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000
