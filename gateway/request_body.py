"""Bodies of requests: read within limits of size and time, and only as JSON."""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from gateway.converters import json_text
from gateway.converters.field_error import printable
from gateway.problem import Violation, refuse

_JSON: Final = "application/json"
_CHARSETS: Final = frozenset({"", "utf-8", "utf8"})


async def read(request: web.BaseRequest, *, max_bytes: int, timeout_seconds: float) -> bytes:
    """Read the whole body; empty where there is none.

    Raises ProblemError: PAYLOAD_TOO_LARGE, or MALFORMED_REQUEST where the body is cut off, badly
    chunked, or slower than the time-out. Those end the connection, for the rest stays unread.
    """
    if not request.body_exists:
        return b""
    if (request.content_length or 0) > max_bytes:
        raise refuse("PAYLOAD_TOO_LARGE", _too_large(max_bytes), close=True)
    if request.content.is_eof() and request.content.exception() is None:
        # All of it has come with the head, as small ones do: there is nothing to wait for.
        return await _read_within(request, max_bytes)
    try:
        async with asyncio.timeout(timeout_seconds):
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return await _read_within(request, max_bytes)
    except TimeoutError:
        detail = f"The body did not arrive within {timeout_seconds:g} seconds."
        raise refuse("MALFORMED_REQUEST", detail, close=True) from None
    except RequestPayloadError:
        raise refuse(
            "MALFORMED_REQUEST", "The body's transfer encoding is broken.", close=True
        ) from None


def parse(request: web.BaseRequest, body: bytes) -> object:
    """Parse a body that is not empty.

    Raises ProblemError: UNSUPPORTED_MEDIA_TYPE, MALFORMED_REQUEST.
    """
    _require_json(request)
    try:
        return json_text.read(body)
    except json_text.JsonTextError as error:
        violations = []
        if error.name is not None:
            name = printable(error.name)
            violations.append(
                Violation(field=name, rule="duplicate_name", message="must stand once")
            )
        detail = f"The body {error.message}."
        raise refuse("MALFORMED_REQUEST", detail, *violations) from None


async def _read_within(request: web.BaseRequest, max_bytes: int) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > max_bytes:
            raise refuse("PAYLOAD_TOO_LARGE", _too_large(max_bytes), close=True)
    return bytes(body)


def _require_json(request: web.BaseRequest) -> None:
    """A media type other than JSON, another charset and any compression are refused (415)."""
    media_type, *parameters = request.headers.get("Content-Type", "").split(";")
    charset = ""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if (
        media_type.strip().lower() != _JSON
        or charset not in _CHARSETS
        or encoding not in {"", "identity"}
    ):
        detail = "The body must be application/json in UTF-8, without content encoding."
        raise refuse("UNSUPPORTED_MEDIA_TYPE", detail, headers={"Accept": _JSON})


def _too_large(max_bytes: int) -> str:
    return f"The body is larger than {max_bytes} bytes."
