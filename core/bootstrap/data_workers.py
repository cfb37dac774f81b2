"""Processes that make or copy many rows together, each on connections of its own."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait as wait_for_end
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2
"""How many tasks wait for each process: enough to keep it busy, few enough to hold in memory."""


@contextmanager
def worker_pool(workers: int, begin: Callable[..., None], *arguments: object) -> Iterator[Executor]:
    """Start processes that end with the block, or with this process, however that ends.

    One worker alone works in this process, on a thread.
    """
    if workers == 1:
        with ThreadPoolExecutor(1, initializer=begin, initargs=arguments) as one:
            yield one
        return
    # Spawned: a fork would share the locks and threads of every library that is loaded here.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(begin, arguments),
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def each(
    pool: Executor, workers: int, work: Callable[[T], R], tasks: Iterable[T | None]
) -> Iterator[R]:
    """Yield what the work returns for each task, in the order in which they are done.

    Tasks are taken as there is room. None says that the next one waits for a result that is to
    come; it may follow once whoever called this has seen one more.
    """
    waiting = iter(tasks)
    under_way: set[Future[R]] = set()
    while True:
        room = workers * _AHEAD - len(under_way)
        under_way |= {pool.submit(work, task) for task in islice(waiting, room) if task is not None}
        if not under_way:
            return
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _begin(begin: Callable[..., None], arguments: tuple[object, ...]) -> None:
    parent: Any = multiprocessing.parent_process()
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    begin(*arguments)


def _end_with(sentinel: int) -> None:
    wait_for_end([sentinel])
    os._exit(1)
