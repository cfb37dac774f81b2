"""Limits that are known before a body is read."""

from aiohttp import web

from gateway.exchange import Exchange, Next
from gateway.problem import refuse

_LINE_OVERHEAD = 4  # ": " and CRLF


class HeadLimit:
    """Refuses a head that is too large in sum; the parser limits each line by itself."""

    def __init__(self, max_bytes: int) -> None:
        """Take the limit of request target and header lines together."""
        self._max_bytes = max_bytes

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Refuse with HEADERS_TOO_LARGE; see Middleware."""
        request = exchange.request
        size = len(request.raw_path)
        for name, value in request.raw_headers:
            size += len(name) + len(value) + _LINE_OVERHEAD
        if size > self._max_bytes:
            detail = f"The head of the request is larger than {self._max_bytes} bytes."
            raise refuse("HEADERS_TOO_LARGE", detail, close=True)
        return await proceed(exchange)
