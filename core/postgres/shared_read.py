"""Concurrent reads of one kind that share a query. Nothing is kept once they are answered."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextvars import Context, copy_context
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SharedRead(Generic[K, V]):
    """Gathers the keys that are asked for while a query is under way into the next one.

    Where none is, those of one turn of the event loop share it. So the more is asked, the more
    share a query. A read never joins a query that has already been sent: it sees everything that
    was committed before it was asked. Whatever holds up one query, such as a connection that is
    dead, holds up those who came later for `patience_seconds`: then a query of their own is sent,
    as long as no more than `max_in_flight` are under way.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        max_in_flight: int = 4,
        patience_seconds: float = 0.02,
    ) -> None:
        """Take the query: it gets keys, each once, and returns what exists by key."""
        self._fetch = fetch
        self._max_in_flight = max_in_flight
        self._patience_seconds = patience_seconds
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._context: Context | None = None
        self._next: asyncio.Handle | None = None
        self._in_flight: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """Return what the key names, or None; raise what the query raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            # The query belongs to the trace of whoever asked first.
            self._context = copy_context()
        self._waiting.setdefault(key, []).append(answer)
        self._schedule()
        return await answer

    def _schedule(self) -> None:
        if self._next is not None or len(self._in_flight) >= self._max_in_flight:
            return
        loop = asyncio.get_running_loop()
        if self._in_flight:
            self._next = loop.call_later(self._patience_seconds, self._send)
        else:
            self._next = loop.call_soon(self._send)

    def _send(self) -> None:
        self._next = None
        asked, self._waiting = self._waiting, {}
        query = asyncio.get_running_loop().create_task(self._answer(asked), context=self._context)
        self._in_flight.add(query)
        query.add_done_callback(self._after)

    def _after(self, query: asyncio.Task[None]) -> None:
        self._in_flight.discard(query)
        if self._waiting:
            if self._next is not None:
                self._next.cancel()
            self._next = asyncio.get_running_loop().call_soon(self._send)

    async def _answer(self, asked: Mapping[K, Sequence[asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._fetch(list(asked))
        except Exception as error:  # noqa: BLE001 - each who asked raises it
            for answer in _unanswered(asked):
                answer.set_exception(error)
        except BaseException:
            for answer in _unanswered(asked):
                answer.cancel()
            raise
        else:
            for key, answers in asked.items():
                for answer in answers:
                    if not answer.done():
                        answer.set_result(found.get(key))


def _unanswered(
    asked: Mapping[K, Sequence[asyncio.Future[V | None]]],
) -> Sequence[asyncio.Future[V | None]]:
    """Return those who still wait; one who was cancelled is done already."""
    return [answer for answers in asked.values() for answer in answers if not answer.done()]
