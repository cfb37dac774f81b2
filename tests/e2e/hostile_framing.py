"""Where a request ends, and whether it is one."""

from typing import Final

from tests.e2e.hostile import CHUNKED, JSON, LOGIN, MARKER, ME, Row, head, malformed, marked, row

_BODY: Final = f'{{"email": "{MARKER}", "password": "x"}}'.encode()
_CHUNK: Final = f"{len(_BODY):x}\r\n".encode() + _BODY + b"\r\n"
_LAST: Final = b"0\r\n\r\n"


def _framed(name: str, *headers: str, body: bytes = b"{}") -> Row:
    return malformed(name, head("POST", LOGIN, JSON, *headers) + body)


def _chunks(name: str, chunks: bytes) -> Row:
    return malformed(name, head("POST", LOGIN, JSON, CHUNKED) + chunks)


ROWS: Final = (
    _framed("a length twice", "Content-Length: 2", "Content-Length: 2"),
    _framed("two lengths", "Content-Length: 2", "Content-Length: 3"),
    _framed("a list of lengths", "Content-Length: 2, 2"),
    _framed("a length with a sign", "Content-Length: +2"),
    _framed("a negative length", "Content-Length: -2"),
    _framed("a hexadecimal length", "Content-Length: 0x2"),
    _framed("a length with a space inside", "Content-Length: 2 2"),
    _framed("an empty length", "Content-Length:"),
    _framed("a length beyond 64 bits", "Content-Length: 18446744073709551618"),
    _framed("a length of other digits", "Content-Length: \xb2"),
    _framed("a length beside chunks", "Content-Length: 2", CHUNKED, body=_LAST),
    _framed("chunks beside a length", CHUNKED, "Content-Length: 2", body=_LAST),
    _framed("chunked twice", CHUNKED, CHUNKED, body=_LAST),
    _framed("chunked, chunked", "Transfer-Encoding: chunked, chunked", body=_LAST),
    _framed("an unknown coding", "Transfer-Encoding: xchunked", body=_LAST),
    _framed("chunked is not the last coding", "Transfer-Encoding: chunked, gzip", body=_LAST),
    _framed("identity", "Transfer-Encoding: identity", body=_LAST),
    _framed("a control character before chunked", "Transfer-Encoding: \x0bchunked", body=_LAST),
    _framed("a space before the colon", "Transfer-Encoding : chunked", body=_LAST),
    _framed("a space before the name", " Transfer-Encoding: chunked", body=_LAST),
    _framed("a coding in a folded line", "Transfer-Encoding:\r\n chunked", body=_LAST),
    _framed("a length ended by a bare LF", "Content-Length: 2\nX-A: b"),
    _chunks("a chunk size that is none", b"zz\r\n" + _BODY + b"\r\n" + _LAST),
    _chunks("a negative chunk", b"-2\r\n{}\r\n" + _LAST),
    _chunks("a chunk size with 0x", b"0x2\r\n{}\r\n" + _LAST),
    _chunks("a chunk beyond 64 bits", b"fffffffffffffffff2\r\n{}\r\n" + _LAST),
    _chunks("a chunk longer than its size", b"2\r\n{}}\r\n" + _LAST),
    _chunks("a chunk size ended by a bare LF", b"2\n{}\r\n" + _LAST),
    _chunks("a chunk ended by a bare LF", b"2\r\n{}\n" + _LAST),
    _chunks("a chunk extension with a bare CR", b"2;a=\rb\r\n{}\r\n" + _LAST),
    _chunks("an empty chunk size", b"\r\n{}\r\n" + _LAST),
    row(
        "a chunk extension",
        head("POST", LOGIN, JSON, CHUNKED) + b"2;a=b\r\n{}\r\n" + _LAST,
        401,
        "INVALID_CREDENTIALS",
    ),
    row(
        "trailers",
        head("POST", LOGIN, JSON, CHUNKED) + _CHUNK + b"0\r\nX-T: m4rk3r\r\n\r\n",
        401,
        "INVALID_CREDENTIALS",
    ),
    _chunks("a length in the trailers", _CHUNK + b"0\r\nContent-Length: 9\r\n\r\n"),
    row(
        "200,000 bytes of trailers",
        head("POST", LOGIN, JSON, CHUNKED)
        + b"2\r\n{}\r\n0\r\n"
        + b"X-T: m4rk3r\r\n" * 15_000
        + b"\r\n",
        431,
        "HEADERS_TOO_LARGE",
    ),
    malformed("bare LF everywhere", marked("GET /v1/users/me HTTP/1.1\nHost: g\nX-M: MARKER\n\n")),
    malformed("a folded header", head("GET", ME, "X-A: b\r\n c")),
    malformed("a header without a colon", head("GET", ME, "X-A")),
    malformed("a header without a name", head("GET", ME, ": b")),
    malformed("a bare CR in a header", head("GET", ME, "X-A: b\rX-C: d")),
    malformed("a NUL in a header", head("GET", ME, "X-A: b\x00c")),
    malformed("a NUL in the name of a header", head("GET", ME, "X\x00A: b")),
    malformed("a control character in a header", head("GET", ME, "X-A: \x01")),
)
