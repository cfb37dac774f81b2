"""What headers say, and how much of it."""

import base64
from typing import Final

from tests.e2e.hostile import MARKER, ME, Row, head, malformed, row

_LARGE: Final = (431, "HEADERS_TOO_LARGE")
_ALG_NONE: Final = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"none","typ":"at+jwt"}', b'{"sub":"m4rk3r"}', b"")
)


def _large(name: str, *headers: str) -> Row:
    return row(name, head("GET", ME, *headers), *_LARGE)


def _credentials(name: str, *values: str, reason: str = "TOKEN_INVALID") -> Row:
    headers = [f"Authorization: {value}" for value in values]
    return row(name, head("GET", ME, *headers), 401, reason)


def _harmless(name: str, *headers: str) -> Row:
    return row(name, head("GET", "/healthz", *headers), 200)


ROWS: Final = (
    _large("a header of 1 MiB", "X-A: " + "a" * 1_048_576),
    _large("the name of a header of 1 MiB", "X" * 1_048_576 + ": a"),
    _large("1,000 headers", *(f"X-{number}: a" for number in range(1000))),
    _large("10,000 headers", *(f"X-{number}: a" for number in range(10_000))),
    _large("one header 1,000 times", *("X-A: a",) * 1000),
    _large("three headers of 6,000 bytes", *("X-A: " + "a" * 6000,) * 3),
    malformed("1 MiB in a folded header", head("GET", ME, "X-A: a" + "\r\n a" * 300_000)),
    _large("a cookie of 100,000 bytes", "Cookie: a=" + "b" * 100_000),
    _credentials("no scheme", MARKER, reason="TOKEN_MISSING"),
    _credentials("a scheme without a token", "Bearer"),
    _credentials("another scheme", f"Basic {MARKER}", reason="TOKEN_MISSING"),
    _credentials("a token that is none", f"Bearer {MARKER}"),
    _credentials("a scheme in lower case", f"bearer {MARKER}"),
    _credentials("two tokens", f"Bearer {MARKER} {MARKER}"),
    _credentials("two spaces", f"Bearer  {MARKER}"),
    _credentials("a tab", f"Bearer\t{MARKER}"),
    _credentials("a token of 8,000 bytes", "Bearer " + "a" * 8000),
    _credentials("a token that is no ASCII", "Bearer \xe9\xff"),
    _credentials("a token that is not signed", f"Bearer {_ALG_NONE}"),
    _credentials("credentials twice", "Bearer a", "Bearer b"),
    _credentials("credentials twice, once empty", "Bearer a", ""),
    _credentials("a list of credentials", "Bearer a, Bearer b"),
    _credentials("an empty header", "", reason="TOKEN_MISSING"),
    _harmless("a line break in a request id", "X-Request-Id: a\r\nSet-Cookie: a=b"),
    _harmless("a request id that is no ASCII", "X-Request-Id: \xff\xfe"),
    _harmless("a request id of 5,000 bytes", "X-Request-Id: " + "a" * 5000),
    _harmless("a traceparent that is none", f"traceparent: {MARKER}"),
    _harmless("a traceparent of zeros", f"traceparent: 00-{'0' * 32}-{'0' * 16}-01"),
    _harmless("tracestate without an end", "tracestate: " + "a=b," * 1500),
    _harmless("a forwarded address that is none", f"X-Forwarded-For: {MARKER}, <script>"),
    _harmless("1,000 forwarded addresses", "X-Forwarded-For: " + "::1," * 1000),
    _harmless("another host by header", f"X-Forwarded-Host: {MARKER}", f"Forwarded: host={MARKER}"),
    _harmless("a range", "Range: bytes=0-0"),
    _harmless("overlapping ranges", "Range: bytes=" + "0-," * 1300),
    _harmless("conditions", "If-Match: *", "If-Modified-Since: m4rk3r", "If-None-Match: *"),
    _harmless("an origin", f"Origin: https://{MARKER}.example"),
    _harmless("codings without an end", "Accept-Encoding: " + "gzip;q=0.1," * 700),
    _harmless("a type that is not served", f"Accept: application/{MARKER}"),
    row(
        "a deadline that is none",
        head("GET", ME, f"Grpc-Timeout: {MARKER}"),
        400,
        "MALFORMED_REQUEST",
    ),
    row("a deadline of nothing", head("GET", ME, "Grpc-Timeout: 0S"), 400, "MALFORMED_REQUEST"),
    row(
        "a deadline in other digits",
        head("GET", ME, "Grpc-Timeout: \xb2S"),
        400,
        "MALFORMED_REQUEST",
    ),
)
