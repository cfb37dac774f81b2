"""Runs several workers from the first one's start to the last one's end."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

from supervision.child import Command, WorkerFailed
from supervision.log import Log
from supervision.slot import Slot
from supervision.tally import Tally


class EndedBadly(Exception):
    """Not every worker ended as it should have."""


class Supervisor:
    """SIGTERM and SIGINT end all workers, SIGHUP replaces one after the other.

    A worker that ends by itself is replaced. Should this process itself be killed, each worker
    sees its channel end, and ends as if it had been told to.
    """

    def __init__(
        self,
        command: Command,
        tally: Tally,
        log: Log,
        *,
        end_seconds: float,
        passed_on: Sequence[signal.Signals] = (),
    ) -> None:
        """Take what to run; a worker that is told to end and has not after so long is killed.

        What a signal means that is passed on is the workers' affair.
        """
        self._passed_on = passed_on
        self._tally = tally
        self._log = log
        self._end_seconds = end_seconds
        self._slots = [
            Slot(number=number, command=command, tally=tally, log=log, end_seconds=end_seconds)
            for number in range(command.count)
        ]
        self._stopping = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop.

        Raises:
            WorkerFailed: a worker did not come to serve at the first start.
            EndedBadly: a worker that was told to end ended with a code that is not 0.
        """
        self._heed_signals()
        starting = asyncio.create_task(self._open_all(), name="start")
        stopping = asyncio.create_task(self._stopping.wait(), name="stop")
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if starting.done():
                starting.result()
                await self._serve()
        finally:
            starting.cancel()
            stopping.cancel()
            with suppress(asyncio.CancelledError, WorkerFailed):
                await starting
            codes = await self._end_all()
        # One that was told before it could listen ends by the signal itself.
        if bad := [code for code in codes if code not in {0, -signal.SIGTERM}]:
            raise EndedBadly(f"a worker ended with code {bad[0]}")

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        for number in self._passed_on:
            loop.add_signal_handler(number, self._pass_on, number)

    async def _open_all(self) -> None:
        """Start every worker; none is admitted before all of them could serve."""
        self._log("info", "workers_start", workers=len(self._slots))
        opening = [asyncio.create_task(slot.open()) for slot in self._slots]
        try:
            children = await asyncio.gather(*opening)
        finally:
            # The first failure is told, and all others are given up.
            for task in opening:
                task.cancel()
            await asyncio.gather(*opening, return_exceptions=True)
        for slot, child in zip(self._slots, children, strict=True):
            slot.child = child
            child.admit()
        self._reload.clear()
        self._log("info", "workers_serve", workers=len(self._slots))

    async def _serve(self) -> None:
        tasks = [asyncio.create_task(slot.keep()) for slot in self._slots]
        tasks.append(asyncio.create_task(self._reload_when_told()))
        tasks.append(asyncio.create_task(self._tally.ask_regularly()))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()  # none of them ends but by a defect
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _reload_when_told(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._log("info", "reload_begins")
            if await self._replace_each():
                self._log("info", "reload_done")

    async def _replace_each(self) -> bool:
        """Replace one after the other, until a new one does not come to serve."""
        for slot in self._slots:
            if not await slot.replace():
                return False
        return True

    async def _end_all(self) -> Sequence[int]:
        """End every worker; return the codes of those that were told in time."""
        self._log("info", "workers_end")
        children = self._tally.children
        in_time = await asyncio.gather(*(child.end(self._end_seconds) for child in children))
        for child, was_in_time in zip(children, in_time, strict=True):
            if not was_in_time:
                self._log("error", "worker_end_cut_short", worker=child.number)
        self._log("info", "workers_ended")
        return [
            child.exit_code or 0
            for child, was_in_time in zip(children, in_time, strict=True)
            if was_in_time
        ]

    def _pass_on(self, number: signal.Signals) -> None:
        for child in self._tally.children:
            child.signal(number)
