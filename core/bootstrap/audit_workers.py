"""The processes that verify the audit log together, each on a connection of its own."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Protocol

from core.audit.row_check import RowFindings, RowRules, check_rows
from core.audit.seal_check import Trust, check_seals
from core.domain.ports.audit_reading import LogReader
from core.postgres.audit_reader import PostgresLogReader
from core.postgres.connection import PostgresLogin, PostgresOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a process gets at the log: where it is, as whom, and which state of it is verified."""

    options: PostgresOptions
    login: PostgresLogin
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSpan:
    """Seals between two numbers, both included."""

    first: int
    last: int
    trust: Trust

    def check(self, reader: LogReader) -> RowFindings:
        """See `check_seals`."""
        fault = check_seals(reader, self.first, self.last, self.trust)
        return RowFindings(checked_count=0, fault=fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSpan:
    """Rows above one number and up to another."""

    above: int
    up_to: int
    rules: RowRules

    def check(self, reader: LogReader) -> RowFindings:
        """See `check_rows`."""
        return check_rows(reader, self.above, self.up_to, self.rules)


Span = SealSpan | RowSpan


class Hands(Protocol):
    """Whoever checks spans."""

    def check(self, spans: Sequence[Span]) -> Iterator[RowFindings]:
        """Yield what was found in each."""
        ...


class OneHand:
    """Checks spans one after the other, in this process: enough for a short log."""

    def __init__(self, reader: LogReader) -> None:
        """Take what reads."""
        self._reader = reader

    def check(self, spans: Sequence[Span]) -> Iterator[RowFindings]:
        """Yield what was found in each."""
        for span in spans:
            yield span.check(self._reader)


class ManyHands:
    """Checks spans in processes of their own."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        """Take a pool whose processes have a reader."""
        self._pool = pool

    def check(self, spans: Sequence[Span]) -> Iterator[RowFindings]:
        """Yield what was found in each; all of them are under way at once."""
        found: list[Future[RowFindings]] = [self._pool.submit(_check, span) for span in spans]
        for future in found:
            yield future.result()


@contextmanager
def many_hands(way: Way, workers: int) -> Iterator[ManyHands]:
    """Start processes that end with the block, or with this process, however that ends."""
    # Spawned: a fork would share the locks and threads of every library that is loaded here.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(way,),
    )
    try:
        yield ManyHands(pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_reader: PostgresLogReader | None = None
"""This process's own, once it has begun."""


def _begin(way: Way) -> None:
    global _reader  # noqa: PLW0603 - a pool's process has no other place for what it keeps
    parent: Any = multiprocessing.parent_process()
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _reader = PostgresLogReader.open(way.options, way.login, way.snapshot)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _check(span: Span) -> RowFindings:
    if _reader is None:
        raise RuntimeError("the process has not begun")
    return span.check(_reader)
