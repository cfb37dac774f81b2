"""Headers that keep browsers and caches from doing what an API never wants.

OWASP REST Security Cheat Sheet, "Security Headers".
"""

from typing import Final

from aiohttp import web

from gateway.exchange import Exchange, Next

_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    # Says less than what aiohttp says by default.
    "Server": "pandora",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Gives every answer its headers; an endpoint may replace one, as for a public resource."""

    def __init__(self, hsts_max_age_seconds: int) -> None:
        """Take the life of Strict-Transport-Security; 0, where TLS is not spoken, leaves it out."""
        self.headers = dict(_ALWAYS)
        if hsts_max_age_seconds:
            self.headers["Strict-Transport-Security"] = (
                f"max-age={hsts_max_age_seconds}; includeSubDomains"
            )

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Add the headers; see Middleware."""
        exchange.answer_headers.update(self.headers)
        return await proceed(exchange)
