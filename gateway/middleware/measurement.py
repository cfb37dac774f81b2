"""Counts and times every request."""

from collections.abc import Callable

from aiohttp import web

from gateway.exchange import CLIENT_GONE, Exchange, Next
from gateway.observability.metrics import Metrics


class Measurement:
    """Feeds the metrics, also for a request whose client has gone."""

    def __init__(self, metrics: Metrics, monotonic: Callable[[], float]) -> None:
        """Take the metrics, and a clock in seconds."""
        self._metrics = metrics
        self._monotonic = monotonic

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Measure the rest of the way; see Middleware."""
        started = self._monotonic()
        status = CLIENT_GONE
        self._metrics.begin()
        try:
            response = await proceed(exchange)
            status = response.status
            return response
        finally:
            seconds = self._monotonic() - started
            self._metrics.end(exchange.request.method, exchange.route, status, seconds)
