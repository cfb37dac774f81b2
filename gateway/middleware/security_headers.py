"""Headers that keep browsers and caches from doing what an API never wants.

OWASP REST Security Cheat Sheet, "Security Headers".
"""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from gateway.exchange import Exchange, Next

HSTS: Final = "Strict-Transport-Security"
CSP: Final = "Content-Security-Policy"

_ALWAYS: Final = {
    "Cache-Control": "no-store",
    CSP: "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    # Says less than what aiohttp says by default.
    "Server": "pandora",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Gives every answer its headers; an endpoint may replace one, as for a public resource.

    A route whose answers browsers shall render has a Content-Security-Policy of its own, which its
    problems carry as well.
    """

    def __init__(
        self, hsts_max_age_seconds: int, policies: Mapping[str, str] | None = None
    ) -> None:
        """Take the life of Strict-Transport-Security, and policies by route template.

        A life of 0, where TLS is not spoken, leaves the header out.
        """
        self._policies = dict(policies or {})
        self.headers = dict(_ALWAYS)
        if hsts_max_age_seconds:
            self.headers[HSTS] = f"max-age={hsts_max_age_seconds}; includeSubDomains"

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Add the headers; see Middleware."""
        headers = exchange.answer_headers
        headers.update(self.headers)
        if exchange.scheme == "http":
            # RFC 6797 section 7.2: never over a transport that is not secure.
            headers.pop(HSTS, None)
        policy = self._policies.get(exchange.route)
        if policy is not None:
            headers[CSP] = policy
        return await proceed(exchange)
