"""Running use cases side by side, with a deadline."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

DEADLINE_SECONDS = 10


async def outcomes(work: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """Run everything at once and return the results and the errors, in the order given."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await asyncio.gather(*work, return_exceptions=True)


@asynccontextmanager
async def started(work: Coroutine[Any, Any, T]) -> AsyncIterator["asyncio.Task[T]"]:
    """Begin something that is awaited, or cancelled, before the block ends."""
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield task
    finally:
        task.cancel()
