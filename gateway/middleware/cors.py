"""Lets scripts of named web origins call (Fetch Standard, "HTTP extensions")."""

from collections.abc import Collection
from typing import Final

from aiohttp import hdrs, web

from gateway.exchange import Exchange, Next
from gateway.middleware.request_id import HEADER as REQUEST_ID

_REQUEST_HEADERS: Final = (
    "Authorization, Content-Type, Grpc-Timeout, Idempotency-Key, traceparent, tracestate, "
    + REQUEST_ID
)
_EXPOSED: Final = (
    "Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, "
    + REQUEST_ID
)


class Cors:
    """Names an origin back to itself where the settings name it, and is silent otherwise.

    Credentials travel in the Authorization header, which the page's own script sets: cookies are
    never asked for, so Access-Control-Allow-Credentials is never answered, nor is the wildcard.
    """

    def __init__(self, origins: Collection[str], max_age_seconds: int) -> None:
        """Take the origins; without any no answer says a word about it."""
        self._origins = frozenset(origins)
        self._max_age = str(max_age_seconds)

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Add the headers, those of a preflight to whatever answers OPTIONS; see Middleware."""
        if self._origins:
            self._add_headers(exchange)
        return await proceed(exchange)

    def _add_headers(self, exchange: Exchange) -> None:
        asked, told = exchange.request.headers, exchange.answer_headers
        # Also without an origin: a cache must not serve that answer to a page.
        vary(told, hdrs.ORIGIN)
        origin = asked.get(hdrs.ORIGIN)
        if origin not in self._origins:
            return
        told[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        method = asked.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
        if exchange.request.method != hdrs.METH_OPTIONS or method is None:
            told[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
            return
        told[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ", ".join(exchange.allowed)
        told[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _REQUEST_HEADERS
        told[hdrs.ACCESS_CONTROL_MAX_AGE] = self._max_age


def vary(headers: dict[str, str], name: str) -> None:
    """Say that an answer depends on a header of the request (RFC 9110 section 12.5.5)."""
    known = headers.get(hdrs.VARY)
    headers[hdrs.VARY] = f"{known}, {name}" if known else name
