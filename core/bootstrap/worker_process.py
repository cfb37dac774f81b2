"""A process of the core that is one of several, with a supervisor above them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from core.observability.health import HealthBoard
from supervision.worker import Worker


def in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], object]) -> Callable[[], None]:
    """Return what has a loop do something, from any thread; nothing once the loop is closed."""

    def tell() -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(work)

    return tell


async def admitted(worker: Worker | None, board: HealthBoard, stopping: asyncio.Event) -> None:
    """Return when this process may say that it serves, or is told to end; at once if it is alone.

    The supervisor is told as soon as everything that is needed answers, and says yes when the same
    is true of all workers; of one that replaces another, at once.
    """
    if worker is None:
        return
    may_serve = asyncio.Event()
    worker.admitted.then(in_loop(asyncio.get_running_loop(), may_serve.set))
    is_told = False

    def tell(is_serving: bool, /) -> None:  # noqa: FBT001 - a listener of one fact
        nonlocal is_told
        if is_serving and not is_told:
            is_told = True
            worker.tell_serving()

    board.subscribe(tell)
    waits = [asyncio.create_task(event.wait()) for event in (may_serve, stopping)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
