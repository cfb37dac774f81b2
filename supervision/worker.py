"""A worker's end of the channel to its supervisor.

The supervisor says by two variables of the environment that a process is a worker of its:
SUPERVISION_WORKER (`NUMBER/COUNT`, the first number is 0) and SUPERVISION_CHANNEL (a descriptor).
They are no settings; nobody else sets them.
"""

import os
import socket
import struct
import threading
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Final

from supervision.families import Family, as_json
from supervision.messages import (
    ADMITTED,
    FAILED,
    NUMBERS,
    SERVING,
    ChannelBroken,
    Message,
    pack,
    receive,
)

WORKER: Final = "SUPERVISION_WORKER"
CHANNEL: Final = "SUPERVISION_CHANNEL"

_PATIENCE: Final = struct.pack("@ll", 2, 0)
"""How long the supervisor may take to read what it is told (a timeval: seconds, microseconds)."""


class Moment:
    """Something that happens once. Whoever asks to be told afterwards is told at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._has_come = False

    def come(self) -> None:
        """Tell every listener, from this thread."""
        with self._lock:
            self._has_come = True
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def then(self, listener: Callable[[], None]) -> None:
        """Tell a listener, which must be safe to call from any thread."""
        with self._lock:
            if not self._has_come:
                self._listeners.append(listener)
                return
        listener()


class Worker:
    """This process as one of several. A thread of its own listens to the supervisor."""

    def __init__(self, channel: socket.socket, *, number: int, count: int) -> None:
        """Take the channel; nothing is said or heard before `listen`."""
        self.number = number
        self.count = count
        self.admitted = Moment()
        """The supervisor lets this worker serve."""
        self.orphaned = Moment()
        """The supervisor is gone: nobody will replace this worker, nor tell it to end."""
        self._channel = channel
        self._sending = threading.Lock()
        self._read: Callable[[], Sequence[Family]] = tuple
        self._ended = False
        self._is_mute = False
        # A supervisor that stands still must not keep its workers from ending.
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str]) -> "Worker | None":
        """Return this process as a worker, or None where nobody said that it is one.

        The variables are taken away, so that no child of this process takes itself for one.
        """
        place, descriptor = environ.pop(WORKER, None), environ.pop(CHANNEL, None)
        if place is None or descriptor is None:
            return None
        number, _, count = place.partition("/")
        os.set_inheritable(int(descriptor), False)  # noqa: FBT003 - the standard library's word
        channel = socket.socket(fileno=int(descriptor))
        return cls(channel, number=int(number), count=int(count))

    def listen(self) -> None:
        """Begin to hear the supervisor."""
        threading.Thread(target=self._hear, name="supervisor", daemon=True).start()

    def count_with(self, read: Callable[[], Sequence[Family]]) -> None:
        """Answer with these numbers when the supervisor asks; `read` is called in its thread."""
        self._read = read

    def tell_serving(self) -> None:
        """Say that this worker could serve."""
        self._say({"kind": SERVING})

    def tell_failed(self, problem: str) -> None:
        """Say why the start failed."""
        self._say({"kind": FAILED, "problem": problem})

    def end(self) -> None:
        """Tell the last numbers, once nothing is counted any more. A second call does nothing."""
        if not self._ended:
            self._ended = True
            self._tell_numbers()

    def _hear(self) -> None:
        with suppress(ChannelBroken):
            while True:
                self._heed(receive(self._channel))
        self.orphaned.come()

    def _heed(self, message: Message) -> None:
        if message["kind"] == ADMITTED:
            self.admitted.come()
        elif message["kind"] == NUMBERS and not self._ended:
            self._tell_numbers()

    def _tell_numbers(self) -> None:
        self._say({"kind": NUMBERS, "families": as_json(self._read())})

    def _say(self, message: Message) -> None:
        with self._sending:
            if self._is_mute:
                return
            try:
                self._channel.sendall(pack(message))
            except OSError:
                # Gone, which the thread that listens will notice, or it does not read: what was
                # sent may be half a message, behind which no other would be understood.
                self._is_mute = True
