"""How a PostgreSQL client turns to TLS: it asks first, or begins with it at once.

The manual, «Frontend/Backend Protocol», 54.2.11 and 54.7: SSLRequest, GSSENCRequest, CancelRequest,
and direct negotiation (ALPN `postgresql`).
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Final

ALPN: Final = "postgresql"
_HEAD: Final = struct.Struct("!II")
_SSL_REQUEST: Final = 80877103
_GSS_REQUEST: Final = 80877104
_CANCEL_REQUEST: Final = 80877102
_TLS_HANDSHAKE: Final = b"\x16"
_REFUSAL: Final = b"SFATAL\0VFATAL\0C28000\0Mthis server accepts no unencrypted connection\0\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """How to go on with a client: with TLS or as it is; `head` is what it has said already."""

    encrypted: bool
    head: bytes = b""


async def greet(client: socket.socket) -> Greeting | None:
    """Answer what a client says before TLS; None: it was refused, or has gone.

    Raises:
        OSError: The connection broke.
    """
    loop = asyncio.get_running_loop()
    while True:
        first = await _peek(client)
        if first == _TLS_HANDSHAKE:
            return Greeting(encrypted=True)
        head = await _exactly(client, _HEAD.size)
        if len(head) < _HEAD.size:
            return None
        _, code = _HEAD.unpack(head)
        if code == _SSL_REQUEST:
            await loop.sock_sendall(client, b"S")
            # Whatever is not TLS now was slipped in by somebody on the way (CVE-2021-23222).
            encrypted = await _peek(client) == _TLS_HANDSHAKE
            return Greeting(encrypted=True) if encrypted else None
        if code == _CANCEL_REQUEST:
            # Its key is all the right that it needs; PostgreSQL accepts it without TLS as well.
            return Greeting(encrypted=False, head=head)
        if code != _GSS_REQUEST:
            await loop.sock_sendall(client, b"E" + struct.pack("!I", len(_REFUSAL) + 4) + _REFUSAL)
            return None
        await loop.sock_sendall(client, b"N")


async def _peek(client: socket.socket) -> bytes:
    """Return the first byte without taking it; nothing at the end."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
    return client.recv(1, socket.MSG_PEEK)


async def _exactly(client: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    got = b""
    while len(got) < count and (more := await loop.sock_recv(client, count - len(got))):
        got += more
    return got
