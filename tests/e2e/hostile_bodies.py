"""What a body is, and whether it is JSON that can be relied on."""

import gzip
import io
from typing import Final

from tests.e2e.hostile import JSON, MARKER, Row, head, malformed, post, row

_PASSWORD: Final = f', "password": "{MARKER}"}}'
_REGISTER: Final = "/v1/auth/register"


def _json(name: str, text: str | bytes) -> Row:
    body = text if isinstance(text, bytes) else text.encode()
    return malformed(name, post(body))


def _invalid(name: str, text: str | bytes, target: str = _REGISTER) -> Row:
    body = text if isinstance(text, bytes) else text.encode()
    return row(name, post(body, target=target), 400, "VALIDATION_FAILED")


def _media(name: str, body: bytes, *headers: str) -> Row:
    return row(name, post(body, *headers), 415, "UNSUPPORTED_MEDIA_TYPE")


def _bomb() -> bytes:
    """A little gzip that becomes 32 MiB."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for _ in range(32):
            file.write(b" " * 1_048_576)
    return packed.getvalue()


def _email(text: str) -> str:
    return f'{{"email": {text}' + _PASSWORD


ROWS: Final = (
    _json("10,000 arrays", "[" * 10_000),
    _json("10,000 arrays, closed", "[" * 10_000 + "]" * 10_000),
    _json("10,000 objects", '{"a":' * 10_000 + "1" + "}" * 10_000),
    _json("10,000 of both", '[{"a":' * 5000 + "1" + "}]" * 5000),
    _json("30,000 quotes", '"' * 30_001),
    _json("30,000 backslashes", '{"email": "' + "\\" * 30_001),
    _json("5,000 members", "{" + ",".join(f'"a{n}":1' for n in range(5000)) + "}"),
    _json("one member 5,000 times", "{" + ",".join(['"email":"a"'] * 5000) + "}"),
    _json("20,000 elements", _email("[" + "1," * 20_000 + "1]")),
    _json("a number beyond all", _email("1e999999")),
    _json("a number of 5,000 digits", _email("9" * 5000)),
    _json("a number of 60,000 digits", _email("9" * 60_000)),
    _json("a fraction of 60,000 digits", _email("0." + "9" * 60_000)),
    _json("NaN", _email("NaN")),
    _json("negative infinity", _email("-Infinity")),
    _json("a number with a zero first", _email("01")),
    _json("a hexadecimal number", _email("0x10")),
    _json("a lone surrogate", _email('"\\ud800"')),
    _json("a lone low surrogate", _email('"\\udc00"')),
    _json("surrogates the wrong way round", _email('"\\udc00\\ud800"')),
    _json("a surrogate in UTF-8", _email('"').encode() + b'\xed\xa0\x80"}'),
    _json("bytes that are no UTF-8", b'{"email": "\xff\xfe"}'),
    _json("an overlong encoding", b'{"email": "\xc0\x80"}'),
    _json("UTF-16", _email('"a"').encode("utf-16")),
    _json("UTF-32", _email('"a"').encode("utf-32")),
    _json("a byte order mark", b"\xef\xbb\xbf" + _email('"a"').encode()),
    _json("a NUL", _email('"\x00"')),
    _json("a line break in a text", _email('"a\nb"')),
    _json("a NUL behind", _email('"a"') + "\x00"),
    _json("a name twice", f'{{"email": "a", "email": "{MARKER}"}}'),
    _json("a name twice, once in disguise", f'{{"email": "a", "\\u0065mail": "{MARKER}"}}'),
    _json("a comment", f'{{"email": "a" /* {MARKER} */}}'),
    _json("a comma too many", '{"email": "a",}'),
    _json("single quotes", f"{{'email': '{MARKER}'}}"),
    _json("two documents", f'{{}} {{"email": "{MARKER}"}}'),
    _json("white space alone", " " * 1000),
    _json("a text for an object", f'"{MARKER}"'),
    _json("null for an object", "null"),
    _json("a prototype", f'{{"__proto__": {{"role": "{MARKER}"}}}}'),
    _json("a field of another kind", _email('{"$ne": null}')),
    _json("a field nobody knows", f'{{"email": "a", "role": "{MARKER}"}}'),
    _invalid("an escaped NUL", _email('"a\\u0000@example.org"')),
    _invalid("line breaks in an address", _email('"a\\r\\nBcc: b@example.org"')),
    _invalid("a text of 60,000 characters", _email('"' + "a" * 60_000 + '@example.org"')),
    _invalid("an empty body", b""),
    _media("no type", b"{}", "X-A: b"),
    _media("a form", f"email={MARKER}".encode(), "Content-Type: application/x-www-form-urlencoded"),
    _media("parts", b"--a\r\n\r\n--a--", "Content-Type: multipart/form-data; boundary=a"),
    _media(
        "XML",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "Content-Type: application/xml",
    ),
    _media("another charset", b"{}", "Content-Type: application/json; charset=utf-7"),
    _media("a type like JSON", b"{}", "Content-Type: application/json-patch+json"),
    _media("a type that is none", b"{}", f"Content-Type: {MARKER}"),
    _media("a gzip bomb", _bomb(), JSON, "Content-Encoding: gzip"),
    _media("gzip twice", b"\x1f\x8b", JSON, "Content-Encoding: gzip, gzip"),
    _media("a coding nobody knows", b"{}", JSON, f"Content-Encoding: {MARKER}"),
    malformed("two types", post(b"{}", JSON, "Content-Type: text/plain")),
    row("a body of 65,537 bytes", post(b" " * 65_537), 413, "PAYLOAD_TOO_LARGE"),
    row("a body of 4 MiB", post(b" " * 4_194_304), 413, "PAYLOAD_TOO_LARGE"),
    row(
        "a body of 4 MiB in chunks",
        head("POST", _REGISTER, JSON, "Transfer-Encoding: chunked")
        + (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 128
        + b"0\r\n\r\n",
        413,
        "PAYLOAD_TOO_LARGE",
    ),
    malformed("a body for GET", head("GET", "/v1/users/me", JSON, "Content-Length: 2") + b"{}"),
    malformed(
        "a body for DELETE", head("DELETE", "/v1/users/me", JSON, "Content-Length: 2") + b"{}"
    ),
)
