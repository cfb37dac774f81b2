"""What is refused before a body is read."""

from typing import Final

from aiohttp import HttpVersion10, HttpVersion11, web

from gateway.exchange import Exchange, Next
from gateway.problem import refuse

_VERSIONS: Final = frozenset({HttpVersion10, HttpVersion11})
_LINE_OVERHEAD: Final = 4  # ": " and CRLF


class HeadLimits:
    """Refuses a head that is too large in sum (the parser limits each line), or of another HTTP."""

    def __init__(self, max_bytes: int) -> None:
        """Take the limit of request target and header lines together."""
        self._max_bytes = max_bytes

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Refuse with HEADERS_TOO_LARGE or MALFORMED_REQUEST; see Middleware."""
        request = exchange.request
        if request.version not in _VERSIONS:
            # The parser lets HTTP/0.9 pass, which has neither headers nor a status.
            raise refuse("MALFORMED_REQUEST", "The request is not HTTP/1.1.", close=True)
        size = len(request.raw_path)
        for name, value in request.raw_headers:
            size += len(name) + len(value) + _LINE_OVERHEAD
        if size > self._max_bytes:
            detail = f"The head of the request is larger than {self._max_bytes} bytes."
            raise refuse("HEADERS_TOO_LARGE", detail, close=True)
        return await proceed(exchange)
