"""Prometheus metrics, served on a port of their own."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_REMEMBERED_SERIES: Final = 4096


class Metrics:
    """The gateway's own series beside those of the process."""

    def __init__(self) -> None:
        """Make a registry of its own, so that two gateways in one process do not meet."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        requests = Counter(
            "pandora_gateway_requests",
            "Requests answered, by method, route template and status (499: the client left).",
            ("method", "route", "status"),
            registry=self.registry,
        )
        durations = Histogram(
            "pandora_gateway_request_duration_seconds",
            "Time to the end of the answer.",
            ("method", "route"),
            buckets=_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "pandora_gateway_requests_in_flight",
            "Requests that are being answered.",
            registry=self.registry,
        )
        self._unreadable = Counter(
            "pandora_gateway_unreadable_requests",
            "Requests that the HTTP parser refused, by reason.",
            ("reason",),
            registry=self.registry,
        )
        self._retries = Counter(
            "pandora_gateway_core_retries",
            "Calls that were made again because the core was out of reach.",
            registry=self.registry,
        )
        # Looking a series up by its labels costs more than counting.
        self._requests: Callable[[str, str, int], Counter] = lru_cache(_REMEMBERED_SERIES)(
            lambda method, route, status: requests.labels(method, route, str(status))
        )
        self._durations: Callable[[str, str], Histogram] = lru_cache(_REMEMBERED_SERIES)(
            durations.labels
        )

    def begin(self) -> None:
        """Count a request in."""
        self._in_flight.inc()

    def end(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request out; a method that HTTP does not define shares one series."""
        method = method if method in _METHODS else "OTHER"
        self._in_flight.dec()
        self._requests(method, route, status).inc()
        self._durations(method, route).observe(seconds)

    def unreadable(self, reason: str) -> None:
        """Count a request that was none."""
        self._unreadable.labels(reason).inc()

    def retried(self) -> None:
        """Count a call that is made again."""
        self._retries.inc()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a scrape (GET /metrics)."""
        if request.rel_url.path != "/metrics":
            return web.Response(status=404, text="metrics are at /metrics\n")
        return web.Response(
            body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )
