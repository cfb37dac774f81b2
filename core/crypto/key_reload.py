"""Looking for a key that a token names and nobody here knows: rarely, and for all callers at once.

Anybody can make up tokens with any kid, so that what an unknown one sets off must not grow with
their number.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

WAIT_SECONDS: Final = 1.0
"""How long after the beginning of a reload callers wait for its end."""

_log = structlog.get_logger(__name__)


class KeyReload:
    """Reloads the keys at most once in `interval_seconds`, in a task that outlives its callers."""

    def __init__(
        self,
        reload: Callable[[], Awaitable[None]],
        *,
        interval_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Take what reloads the keys; it deals with a keeper that is away by itself."""
        self._reload = reload
        self._interval_seconds = interval_seconds
        self._monotonic = monotonic
        self._task: asyncio.Task[None] | None = None
        self._next_at = self._wait_until = 0.0

    async def settle(self) -> None:
        """Begin a reload unless there was one lately, and wait for the one that is under way.

        Nobody waits for longer than WAIT_SECONDS from its beginning.
        """
        now = self._monotonic()
        if self._task is None or (self._task.done() and now >= self._next_at):
            self._next_at = now + self._interval_seconds
            self._wait_until = now + WAIT_SECONDS
            self._task = asyncio.create_task(self._run(), name="key-reload")
        if not self._task.done():
            await asyncio.wait((self._task,), timeout=max(0.0, self._wait_until - now))

    async def close(self) -> None:
        """End a reload that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        _log.info("unknown_signing_key")
        try:
            await self._reload()
        except Exception:  # noqa: BLE001 - a defect here must not become an answer to anybody
            _log.exception("key_reload_failed")
