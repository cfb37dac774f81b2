"""How old the gateway's certificates are, for an alert before one runs out."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.certificates import Reloading


class CertificateMetrics(Collector):
    """Looks at the files at every scrape, so that a certificate that waits for use is seen."""

    def __init__(
        self, registry: CollectorRegistry, sources: Mapping[str, Reloading[Any] | None]
    ) -> None:
        """Take the certificates by what they are for; those that are None are not told of."""
        self._sources = {use: source for use, source in sources.items() if source is not None}
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Name nothing ahead of time."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Tell when each runs out, and how often a new one was refused."""
        expiry = GaugeMetricFamily(
            "pandora_tls_certificate_expiry_timestamp_seconds",
            "When the certificate in use runs out (Unix time).",
            labels=("use",),
        )
        failures = CounterMetricFamily(
            "pandora_tls_certificate_reload_failures",
            "Changed certificate files that could not be used.",
            labels=("use",),
        )
        for use, source in self._sources.items():
            expiry.add_metric((use,), source.newest().expires_at.timestamp())
            failures.add_metric((use,), source.failures)
        if self._sources:
            yield expiry
            yield failures
