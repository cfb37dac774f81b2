"""A worker as its supervisor sees it: a process, and a channel to it."""

import asyncio
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from supervision.families import Family, from_json
from supervision.messages import (
    ADMITTED,
    FAILED,
    HEAD,
    NUMBERS,
    SERVING,
    ChannelBroken,
    Message,
    length,
    pack,
    unpack,
)
from supervision.worker import CHANNEL, WORKER

_LAST_WORDS_SECONDS = 1.0


class WorkerFailed(Exception):
    """A worker did not come to serve; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What starts a worker, apart from what tells it which one it is."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    count: int


class Child:
    """One worker process, from its start to its end. All methods belong to one event loop."""

    def __init__(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        """Take a process that was just started; see `start`."""
        loop = asyncio.get_running_loop()
        self.number = number
        self.last: Sequence[Family] = ()
        """What it told when it was asked last; nothing, until it was."""
        self.exit_code: int | None = None
        self.ended = asyncio.Event()
        self._process = process
        self._began = time.monotonic()
        self._serving: asyncio.Future[None] = loop.create_future()
        self._serving.add_done_callback(_look_at_error)
        self._answers: list[asyncio.Future[None]] = []
        self._writer: asyncio.StreamWriter | None = None
        self._exited = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

        def wait() -> None:
            process.wait()
            with suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(self._exited.set)

        threading.Thread(target=wait, name=f"worker-{number}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def lived_seconds(self) -> float:
        """For how long it has run."""
        return time.monotonic() - self._began

    async def hear(self, channel: socket.socket) -> None:
        """Begin to hear what it says."""
        reader, self._writer = await asyncio.open_connection(sock=channel)
        self._watching = asyncio.create_task(self._watch(reader), name=f"worker-{self.number}")

    async def serves(self, seconds: float) -> None:
        """Return once it could serve.

        Raises:
            WorkerFailed: it cannot, or has not said so in time.
        """
        done, _ = await asyncio.wait({self._serving}, timeout=seconds)
        if not done:
            raise WorkerFailed(f"worker {self.number} did not serve within {seconds:g} s")
        await self._serving

    def admit(self) -> None:
        """Let it serve."""
        self._say({"kind": ADMITTED})

    async def tell(self, seconds: float) -> bool:
        """Ask for its numbers, which are in `last` then; False where it does not answer in time."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._say({"kind": NUMBERS})
        done, _ = await asyncio.wait({answer}, timeout=seconds)
        answer.cancel()
        return bool(done) and not self.ended.is_set()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if not self._exited.is_set():
            self._process.send_signal(number)

    async def end(self, seconds: float) -> bool:
        """Tell it to end; False where it had to be killed for it did not in time."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self.ended.wait()
            return False
        return True

    def _say(self, message: Message) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(pack(message))

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        hearing = asyncio.create_task(self._hear(reader))
        await self._exited.wait()
        # What it said last may still be on its way.
        await asyncio.wait({hearing}, timeout=_LAST_WORDS_SECONDS)
        hearing.cancel()
        if self._writer is not None:
            self._writer.close()
        self.exit_code = self._process.returncode
        if not self._serving.done():
            words = f"worker {self.number} ended with code {self.exit_code} before it served"
            self._serving.set_exception(WorkerFailed(words))
        self.ended.set()
        self._answer()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, ChannelBroken):
            while True:
                count = length(await reader.readexactly(HEAD.size))
                self._heed(unpack(await reader.readexactly(count)))

    def _heed(self, message: Message) -> None:
        kind = message["kind"]
        if kind == NUMBERS:
            with suppress(KeyError, TypeError, ValueError):
                self.last = from_json(message["families"])
                self._answer()
        elif self._serving.done():
            return
        elif kind == SERVING:
            self._serving.set_result(None)
        elif kind == FAILED:
            self._serving.set_exception(WorkerFailed(str(message.get("problem", ""))))

    def _answer(self) -> None:
        answers, self._answers = self._answers, []
        for answer in answers:
            if not answer.done():
                answer.set_result(None)


def start(command: Command, number: int) -> tuple[Child, socket.socket]:
    """Start a worker: a fresh process, which shares nothing with this one but standard streams.

    It gets a process group of its own: a signal from a terminal is for the supervisor, which
    passes on what it means.

    Raises:
        WorkerFailed: the system refuses.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        own = {WORKER: f"{number}/{command.count}", CHANNEL: str(theirs.fileno())}
        try:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                env={**command.environment, **own},
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        except OSError as error:
            ours.close()
            words = os.strerror(error.errno) if error.errno else "cannot be started"
            raise WorkerFailed(f"worker {number}: {words}") from error
    ours.setblocking(False)  # noqa: FBT003 - the standard library's word
    return Child(number, process), ours


def _look_at_error(future: "asyncio.Future[None]") -> None:
    """Keep asyncio from reporting a failure that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
