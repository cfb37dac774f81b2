"""Requests that come when they come, whether the ones before are answered or not (open loop)."""

import asyncio
import random
import time
from collections.abc import Sequence

from bench.capacity.people import Operation


async def open_loop(
    operation: Operation, *, rate: float, seconds: float, seed: int
) -> Sequence[float]:
    """Begin requests as a Poisson process; return the seconds that each took, sorted."""
    chance = random.Random(seed)  # noqa: S311 - a run wants to be repeated
    loop, times, tasks = asyncio.get_running_loop(), list[float](), list[asyncio.Task[None]]()
    began = due = time.monotonic()

    async def ask(at: float) -> None:
        await operation()
        times.append(time.monotonic() - at)

    while due - began < seconds:
        due += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.append(loop.create_task(ask(due)))
    await asyncio.gather(*tasks)
    return sorted(times)


async def alone(operation: Operation, *, number: int) -> Sequence[float]:
    """Ask one after the other; return the seconds of each, in their order."""
    times: list[float] = []
    for _ in range(number):
        began = time.monotonic()
        await operation()
        times.append(time.monotonic() - began)
    return times
