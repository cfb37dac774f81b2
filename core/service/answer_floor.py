"""Answers whose time says nothing about the work behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from core.service.deferral import after_commit


@asynccontextmanager
async def no_sooner_than(seconds: float) -> AsyncIterator[None]:
    """Leave the block no sooner than so many seconds after it was entered, well or with an error.

    What takes a little longer for one address than for another, because there is something to
    store, is answered at the same moment. Work that takes longer than the floor is not held up,
    nor is its difference made greater, as it would be by rounding up. No unit of work may be open
    at the end of the block, and where its commit is deferred, the wait comes after that; a call
    that is cancelled ends at once.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        await after_commit(partial(_until, end))
        raise
    await after_commit(partial(_until, end))


async def _until(end: float) -> None:
    await asyncio.sleep(end - asyncio.get_running_loop().time())
