"""Blocking calls beside the event loop, for a bounded time whatever they do."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def run_blocking(work: Callable[[], T], *, timeout_seconds: float) -> T:
    """Return what the work returns, or raise what it raises.

    Each call has a thread of its own, which is left behind when the time is over: a server that
    sends one byte at a time escapes every timeout of the HTTP library, and must neither hold up
    the next call, as it would in a pool, nor the end of the process.

    Raises:
        TimeoutError: the work is not done in time.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[], None]) -> None:
        if not outcome.done():
            setter()

    def do() -> None:
        try:
            setter = partial(outcome.set_result, work())
        except BaseException as failure:  # noqa: BLE001 - raised where it is awaited
            setter = partial(outcome.set_exception, failure)
        # A loop that is closed by now has nobody left who would listen.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, setter)

    threading.Thread(target=do, name="vault", daemon=True).start()
    async with asyncio.timeout(timeout_seconds):
        return await outcome
