"""Tasks that several processes share, some of which wait for the results of others."""

from collections.abc import Iterator

import pytest

from core.bootstrap.data_workers import each, worker_pool


def nothing() -> None:
    """Begin nothing."""


def doubled(number: int) -> int:
    return 2 * number


def test_a_task_that_waits_for_a_result_is_taken_up_once_that_is_seen() -> None:
    seen: set[int] = set()

    def tasks() -> Iterator[int | None]:
        yield 1
        others = iter((10, 11, 12))
        while 2 not in seen:
            yield next(others, None)
        yield 20
        yield from others

    with worker_pool(1, nothing) as pool:
        for result in each(pool, 1, doubled, tasks()):
            seen.add(result)
    assert seen == {2, 20, 22, 24, 40}


def test_a_task_that_fails_ends_the_others() -> None:
    with worker_pool(1, nothing) as pool, pytest.raises(ZeroDivisionError):
        list(each(pool, 1, lambda number: 1 // number, (1, 0, 1)))
