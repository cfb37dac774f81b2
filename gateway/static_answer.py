"""An answer that is the same for everyone as long as the process lives."""

import gzip
import hashlib
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import hdrs, web

from gateway.exchange import Exchange
from gateway.middleware.cors import vary


class StaticAnswer:
    """Bytes with an ETag, kept as they are and compressed.

    Caches ask whether they are still the newest (`no-cache`), and are told so without a body.
    """

    def __init__(self, body: bytes, content_type: str) -> None:
        """Compress the bytes; they name themselves by their digest."""
        self._body = body
        self._compressed = gzip.compress(body, mtime=0)
        # Weak: one tag for both forms of the same content (RFC 9110 section 8.8.1).
        self._etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        self._headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: content_type,
            hdrs.CACHE_CONTROL: "no-cache",
            hdrs.ETAG: self._etag,
        }

    async def __call__(
        self, exchange: Exchange, variables: Mapping[str, str]
    ) -> web.StreamResponse:
        """Answer 200 or 304; see Endpoint."""
        del variables
        asked = exchange.request.headers
        headers: dict[str, str] = {**exchange.answer_headers, **self._headers}
        vary(headers, hdrs.ACCEPT_ENCODING)
        if _names(asked.get(hdrs.IF_NONE_MATCH, ""), self._etag):
            del headers[hdrs.CONTENT_TYPE]
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        if not _accepts_gzip(asked.get(hdrs.ACCEPT_ENCODING, "")):
            return web.Response(body=self._body, headers=headers)
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=self._compressed, headers=headers)


def _names(condition: str, etag: str) -> bool:
    """Whether If-None-Match names a tag, weakly compared (RFC 9110 section 13.1.2)."""
    opaque = etag.removeprefix("W/")
    given = {part.strip().removeprefix("W/") for part in condition.split(",")}
    return opaque in given or "*" in given


def _accepts_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding names gzip with a weight above 0 (RFC 9110 section 12.5.3)."""
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            name, _, weight = parameter.partition("=")
            return name.strip() != "q" or weight.strip().strip("0.") != ""
    return False
