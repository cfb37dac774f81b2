"""The place of one worker: there is always one in it, or one on its way."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from supervision.backoff import Backoff
from supervision.child import Child, Command, WorkerFailed, start
from supervision.log import Log
from supervision.tally import Tally

START_SECONDS: Final = 60.0
"""Longest time from a worker's start to its being able to serve. Its own steps have bounds of their
own; this one is for a process that hangs between them."""


@dataclass(kw_only=True)
class Slot:
    """Starts a worker, starts another when it ends, and lets a new one take over when asked."""

    number: int
    command: Command
    tally: Tally
    log: Log
    end_seconds: float
    """How long a worker may take to end once it is told to."""
    child: Child | None = None
    """The worker that serves; None while another one is on its way."""
    _backoff: Backoff = field(default_factory=Backoff)
    _wait_seconds: float = 0.0
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self) -> Child:
        """Start a worker; it could serve then, and is not admitted yet.

        Raises:
            WorkerFailed: it cannot; it is gone then.
        """
        child, channel = start(self.command, self.number)
        self.tally.add(child)
        await child.hear(channel)
        try:
            await child.serves(START_SECONDS)
        except WorkerFailed:
            await child.end(self.end_seconds)
            self.tally.remove(child)
            raise
        return child

    async def keep(self) -> None:
        """See to it that there is a worker, until cancelled."""
        while True:
            child = self.child
            if child is None:
                await self._start_again()
                continue
            await child.ended.wait()
            async with self._changing:
                if self.child is child:
                    self._lose(child)

    async def replace(self) -> bool:
        """Let a new worker take over; False where it does not come to serve: the old one stays."""
        async with self._changing:
            old = self.child
            if old is None:
                return True  # a new one is on its way
            try:
                new = await self.open()
            except WorkerFailed as failure:
                self.log("error", "reload_failed", worker=self.number, problem=str(failure))
                return False
            self.child = new
            new.admit()
            in_time = await old.end(self.end_seconds)
            self.tally.remove(old)
        self.log("info", "worker_replaced", worker=self.number, old_ended_in_time=in_time)
        return True

    def _lose(self, child: Child) -> None:
        self.child = None
        self.tally.remove(child)
        self.tally.restarts += 1
        self._wait_seconds = self._backoff.after(child.lived_seconds)
        self.log("error", "worker_lost", worker=self.number, exit_code=child.exit_code)

    async def _start_again(self) -> None:
        self.log("info", "worker_starts", worker=self.number, in_seconds=self._wait_seconds)
        await asyncio.sleep(self._wait_seconds)
        try:
            child = await self.open()
        except WorkerFailed as failure:
            self._wait_seconds = self._backoff.after(0.0)
            self.log("error", "worker_start_failed", worker=self.number, problem=str(failure))
            return
        self.child = child
        child.admit()
        took = round(child.lived_seconds, 3)
        self.log("info", "worker_serves", worker=self.number, after_seconds=took)
