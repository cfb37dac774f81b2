"""Which protocol is spoken, and what of it."""

from typing import Final

from tests.e2e.hostile import CHUNKED, JSON, LOGIN, MARKER, ME, Row, head, malformed, marked, row

ROWS: Final[tuple[Row, ...]] = (
    malformed("HTTP/0.9", marked("GET /v1/users/MARKER\r\n\r\n")),
    malformed("HTTP/0.9 by name", head("GET", ME, version="0.9")),
    malformed("HTTP/2 in clear", marked("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nMARKER")),
    malformed("HTTP/2 by name", head("GET", ME, version="2.0")),
    malformed("HTTP/1.2", head("GET", ME, version="1.2")),
    malformed("HTTP/11", head("GET", ME, version="11")),
    malformed("another protocol by name", marked("GET /MARKER ICE/1.0\r\nHost: g\r\n\r\n")),
    malformed("lower-case http", marked("GET /MARKER http/1.1\r\nHost: g\r\n\r\n")),
    malformed("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + MARKER.encode()),
    malformed("SSH", marked("SSH-2.0-OpenSSH_9.2 MARKER\r\n")),
    malformed("SMTP", marked("EHLO MARKER\r\n")),
    row(
        "two spaces in the first line",
        b"GET  /m4rk3r HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n",
        404,
        "ROUTE_NOT_FOUND",
    ),
    malformed("a method nobody knows", marked("MARKER / HTTP/1.1\r\nHost: g\r\n\r\n")),
    malformed("a method in lower case", marked("get /MARKER HTTP/1.1\r\nHost: g\r\n\r\n")),
    malformed("a NUL for a method", marked("\x00 /MARKER HTTP/1.1\r\nHost: g\r\n\r\n")),
    row("HTTP/1.0", head("GET", "/healthz", version="1.0", host=""), 200),
    malformed(
        "HTTP/1.0 with chunks", head("POST", LOGIN, JSON, CHUNKED, version="1.0") + b"0\r\n\r\n"
    ),
    row("empty lines first", b"\r\n\r\n" + head("GET", "/healthz"), 200),
    row(
        "an upgrade to HTTP/2",
        head(
            "GET",
            "/healthz",
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQAAP__",
        ),
        200,
    ),
    row(
        "an upgrade to WebSocket",
        head(
            "GET",
            "/healthz",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: bTRyazNy",
            "Sec-WebSocket-Version: 13",
        ),
        200,
    ),
    row(
        "a large body that is expected",
        head("POST", LOGIN, JSON, "Expect: 100-continue", "Content-Length: 9999999"),
        413,
        "PAYLOAD_TOO_LARGE",
    ),
    row("an unknown expectation", head("GET", "/healthz", "Expect: m4rk3r"), 200),
)
