"""What supervisor and worker say to each other: JSON behind its length, on a pair of sockets."""

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final

Message = Mapping[str, Any]
"""`kind` says what it is; the rest depends on it."""

SERVING: Final = "serving"
"""From a worker: it could serve, and waits to be admitted."""
FAILED: Final = "failed"
"""From a worker: its start failed; `problem` is the line that says why."""
ADMITTED: Final = "admitted"
"""To a worker: it may say to its clients that it serves."""
NUMBERS: Final = "numbers"
"""To a worker: tell what you have counted. From a worker: `families` (supervision/families.py)."""

HEAD: Final = struct.Struct("!I")
MOST_BYTES: Final = 64 * 1024 * 1024


class ChannelBroken(Exception):
    """The other end is gone, or says what nobody understands."""


def pack(message: Message) -> bytes:
    """Return a message as it travels."""
    body = json.dumps(message).encode()
    return HEAD.pack(len(body)) + body


def length(head: bytes) -> int:
    """Return how many bytes follow a head.

    Raises:
        ChannelBroken: more than any message has.
    """
    (count,) = HEAD.unpack(head)
    if count > MOST_BYTES:
        raise ChannelBroken("a message that is too long")
    return int(count)


def unpack(body: bytes) -> Message:
    """Return the message in a body.

    Raises:
        ChannelBroken: there is none.
    """
    try:
        message = json.loads(body)
    except ValueError:
        raise ChannelBroken("a message that cannot be read") from None
    if not isinstance(message, dict) or "kind" not in message:
        raise ChannelBroken("a message of no kind")
    return message


def receive(channel: socket.socket) -> Message:
    """Wait for the next message.

    Raises:
        ChannelBroken: there will be none.
    """
    return unpack(_exactly(channel, length(_exactly(channel, HEAD.size))))


def _exactly(channel: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            part = channel.recv(count - len(parts))
        except OSError:
            part = b""
        if not part:
            raise ChannelBroken("the other end is gone")
        parts += part
    return bytes(parts)
