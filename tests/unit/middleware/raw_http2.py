"""An HTTP/2 client without manners: it sends header values that no gRPC library would."""

import asyncio
import struct
from collections.abc import Sequence

from tests.unit.middleware.door import LIMIT_SECONDS

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x7
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_STREAM = 1


async def post(
    address: str, path: str, headers: Sequence[tuple[bytes, bytes]], message: bytes = b""
) -> bytes:
    """Make one call; return the payloads of all header frames of the answer, as they came.

    Empty where the server broke off the stream or the connection instead of answering.
    """
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    pseudo = (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path.encode()),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    )
    block = b"".join(_literal(name, value) for name, value in (*pseudo, *headers))
    body = struct.pack(">BI", 0, len(message)) + message
    writer.write(
        _PREFACE
        + _frame(_SETTINGS, 0, 0)
        + _frame(_HEADERS, _END_HEADERS, _STREAM, block)
        + _frame(_DATA, _END_STREAM, _STREAM, body)
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await _answer(reader, writer)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    headers = b""
    while True:
        try:
            head = await reader.readexactly(9)
            length = int.from_bytes(head[:3], "big")
            payload = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        kind, flags = head[3], head[4]
        if kind == _SETTINGS and not flags & _ACK:
            writer.write(_frame(_SETTINGS, _ACK, 0))
        elif kind == _HEADERS:
            headers += payload
        elif kind in {_RST_STREAM, _GOAWAY}:
            return b""
        if kind in {_HEADERS, _DATA} and flags & _END_STREAM:
            return headers


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _literal(name: bytes, value: bytes) -> bytes:
    """Write a header field without indexing and without Huffman coding (RFC 7541 6.2.2)."""
    return b"\x00" + _text(name) + _text(value)


def _text(text: bytes) -> bytes:
    prefix = 0x7F
    if len(text) < prefix:
        return bytes([len(text)]) + text
    rest, octets = len(text) - prefix, bytes([prefix])
    while rest >= 0x80:  # RFC 7541 section 5.1
        octets += bytes([rest % 0x80 + 0x80])
        rest //= 0x80
    return octets + bytes([rest]) + text
