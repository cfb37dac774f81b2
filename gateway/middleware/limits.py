"""What is refused before a body is read."""

import re
from typing import Final

from aiohttp import HttpVersion10, hdrs, web

from gateway.connection import SPOKEN
from gateway.exchange import Exchange, Next
from gateway.problem import refuse

# RFC 9110 section 7.2, without what no host is called in practice.
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LINE_OVERHEAD: Final = 4  # ": " and CRLF


class HeadLimits:
    """Refuses a head that is too large in sum (the parser limits each line), or of another HTTP.

    So is one whose Host is no host: behind it two servers might see two requests.
    """

    def __init__(self, max_bytes: int) -> None:
        """Take the limit of request target and header lines together."""
        self._max_bytes = max_bytes

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Refuse with HEADERS_TOO_LARGE or MALFORMED_REQUEST; see Middleware."""
        request = exchange.request
        if request.version not in SPOKEN:
            raise refuse("MALFORMED_REQUEST", "The request is not HTTP/1.1.", close=True)
        # HTTP/1.0 knows requests without Host; that HTTP/1.1 has it once the parser has seen to.
        host = request.headers.get(hdrs.HOST)
        if host is not None and not _HOST.fullmatch(host):
            raise refuse("MALFORMED_REQUEST", "The header Host names no host.", close=True)
        if request.version == HttpVersion10 and hdrs.TRANSFER_ENCODING in request.headers:
            # RFC 9112 section 6.1: whoever wrote it, or passed it on, did not understand it.
            raise refuse("MALFORMED_REQUEST", "HTTP/1.0 knows no chunks.", close=True)
        size = len(request.raw_path)
        for name, value in request.raw_headers:
            size += len(name) + len(value) + _LINE_OVERHEAD
        if size > self._max_bytes:
            detail = f"The head of the request is larger than {self._max_bytes} bytes."
            raise refuse("HEADERS_TOO_LARGE", detail, close=True)
        return await proceed(exchange)
