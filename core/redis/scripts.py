"""Scripts that run inside Redis, so that reading, deciding and writing are one step."""

import asyncio
from collections.abc import Sequence
from typing import cast

from opentelemetry.trace import NoOpTracer
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from core.domain.errors import DependencyUnavailable
from core.redis.errors import DEPENDENCY, redis_errors
from core.redis.tracing import ScriptSpans

SLOT = "pandora.user.throttle.{limits}."
"""Begins every key. The braces keep all of them in one hash slot of a cluster, since one script
may only touch keys of one slot."""


class ScriptRunner:
    """Runs scripts, a bounded number at a time, each for a bounded time.

    Limits stand in the way of every login: what takes longer than `timeout_seconds` is worse than
    no answer. The client has `concurrency` connections, and refuses to open more; whoever waits
    for one while another call finds Redis gone is told so at once.
    """

    def __init__(
        self,
        client: Redis,
        *,
        timeout_seconds: float,
        concurrency: int,
        spans: ScriptSpans | None = None,
    ) -> None:
        """Take a client of the runner's own; without `spans` traces do not tell of scripts."""
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._spans = spans or ScriptSpans(NoOpTracer())
        self._turns = asyncio.Semaphore(concurrency)
        self._outages = 0
        self._registered: dict[str, AsyncScript] = {}

    async def run(
        self,
        script: str,
        keys: Sequence[str],
        arguments: Sequence[str | int | float],
        *,
        operation: str,
    ) -> Sequence[int]:
        """Return the whole numbers that a script answers; `operation` is its name in traces.

        Raises:
            DependencyUnavailable: Redis is out of reach, too slow, or refuses.
        """
        with self._spans.around(operation):
            return await self._run(script, keys, arguments)

    async def _run(
        self, script: str, keys: Sequence[str], arguments: Sequence[str | int | float]
    ) -> Sequence[int]:
        outages = self._outages
        async with self._turns:
            if self._outages != outages:
                raise DependencyUnavailable(DEPENDENCY, detail="lost while waiting")
            try:
                async with redis_errors(self._client, timeout_seconds=self._timeout_seconds):
                    call = self._call(script)
                    answer = await call(keys=[SLOT + key for key in keys], args=list(arguments))
            except DependencyUnavailable:
                self._outages += 1
                raise
        return [int(number) for number in cast("Sequence[int | str]", answer)]

    def _call(self, script: str) -> AsyncScript:
        """Return what runs a script by its digest, and sends it whole where Redis lacks it."""
        if script not in self._registered:
            self._registered[script] = self._client.register_script(script)
        return self._registered[script]
