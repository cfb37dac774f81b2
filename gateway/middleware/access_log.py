"""One line per request: what was asked and answered, without anything that names a person."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, ip_network

from aiohttp import web

from gateway.exchange import CLIENT_GONE, Exchange, Next
from gateway.middleware.client_address import parse_address
from gateway.observability.logging import Log, where

_IPV4_PREFIX, _IPV6_PREFIX = 24, 48  # bits


class AccessLog:
    """Logs each request once, also one whose client has gone."""

    def __init__(self, log: Log, monotonic: Callable[[], float]) -> None:
        """Take a log, and a clock in seconds."""
        self._log = log
        self._monotonic = monotonic

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Log the rest of the way; see Middleware."""
        started = self._monotonic()
        status = CLIENT_GONE
        try:
            response = await proceed(exchange)
            status = response.status
            return response
        finally:
            self._write(exchange, status, self._monotonic() - started)

    def _write(self, exchange: Exchange, status: int, seconds: float) -> None:
        facts: dict[str, object] = {
            "method": exchange.request.method,
            "route": exchange.route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "request_id": exchange.request_id,
            "trace_id": exchange.trace_id,
            "client_network": network_of(exchange.client_address),
        }
        if exchange.reason:
            facts["reason"] = exchange.reason
        if exchange.failure is None:
            self._log.info("request", **facts)
        else:
            self._log.error("request", **facts, failure=where(exchange.failure))


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The part of an address that names no one person; empty for an empty one."""
    parsed = parse_address(address)
    if parsed is None:
        return ""
    prefix = _IPV4_PREFIX if isinstance(parsed, IPv4Address) else _IPV6_PREFIX
    return str(ip_network((parsed, prefix), strict=False))
