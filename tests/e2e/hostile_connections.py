"""What clients do with a connection beside one request: several, half of one, none."""

from typing import Final

from tests.e2e.hostile import CHUNKED, JSON, LOGIN, MARKER, ME, Row, head, marked, post

_BODY: Final = f'{{"email": "{MARKER}", "password": "x"}}'.encode()
_CHUNK: Final = f"{len(_BODY):x}\r\n".encode() + _BODY + b"\r\n"

ROWS: Final = (
    Row(
        name="a body cut off by the client",
        parts=(head("POST", LOGIN, JSON, "Content-Length: 99") + _BODY,),
        answers=(),
        half_closes=True,
    ),
    Row(
        name="chunks cut off by the client",
        parts=(head("POST", LOGIN, JSON, CHUNKED) + _CHUNK,),
        answers=(),
        half_closes=True,
    ),
    Row(name="half a head, and gone", parts=(head("GET", ME)[:-4],), answers=(), half_closes=True),
    Row(name="nothing, and gone", parts=(), answers=(), half_closes=True),
    Row(
        name="a bad request behind a good one",
        parts=(marked("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\nMARKER\r\n\r\n"),),
        answers=((200, ""), (400, "MALFORMED_REQUEST")),
    ),
    Row(
        name="40 requests at once",
        parts=(marked("GET /healthz HTTP/1.1\r\nHost: MARKER\r\n\r\n") * 39 + head("GET", ME),),
        answers=((200, ""),) * 39 + ((401, "TOKEN_MISSING"),),
    ),
    Row(
        name="a request hidden in a body",
        parts=(
            post(b"{}").replace(b"Connection: close\r\n", b"")
            + marked("GET /MARKER HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"),
        ),
        answers=((401, "INVALID_CREDENTIALS"), (404, "ROUTE_NOT_FOUND")),
    ),
    Row(name="half a head, and silence", parts=(head("GET", ME)[:-4],), answers=(), is_slow=True),
    Row(
        name="a head that trickles",
        parts=tuple(bytes((byte,)) for byte in head("GET", ME)[:20]),
        answers=(),
        pause_seconds=0.1,
        is_slow=True,
    ),
    Row(
        name="half a body, and silence",
        parts=(head("POST", LOGIN, JSON, "Content-Length: 99") + _BODY,),
        answers=((400, "MALFORMED_REQUEST"),),
        is_slow=True,
    ),
    Row(
        name="half a chunk, and silence",
        parts=(head("POST", LOGIN, JSON, CHUNKED) + _CHUNK[:-9],),
        answers=((400, "MALFORMED_REQUEST"),),
        is_slow=True,
    ),
    Row(
        name="a body that trickles",
        parts=(head("POST", LOGIN, JSON, "Content-Length: 99"), *(b"a",) * 20),
        answers=((400, "MALFORMED_REQUEST"),),
        pause_seconds=0.1,
        is_slow=True,
    ),
    Row(name="nothing, and silence", parts=(), answers=(), is_slow=True),
)
