"""Which series the service's processes tell: read off the definitions in the code, not a list.

`tests/e2e/test_metric_catalogue.py` compares it with what running processes answer.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.registry import Collector

from core.bootstrap.supervisor_process import NAMES as CORE_WORKERS
from core.observability.certificate_gauges import watch_certificate
from core.observability.consumer_metrics import ConsumerMetrics
from core.observability.live_metrics import LiveMetrics
from core.observability.mail_metrics import MailMetrics
from core.observability.metrics import AuditMetrics, CallMetrics, DependencyMetrics, new_registry
from core.observability.relay_metrics import RelayMetrics
from core.observability.seal_metrics import SealMetrics
from core.observability.standard_gauges import (
    watch_database_login,
    watch_hashing,
    watch_hashing_build,
    watch_limits,
    watch_logs,
    watch_postgres_pool,
    watch_secrets,
    watch_signing_key,
)
from gateway.observability.metrics import Metrics
from gateway.supervisor_process import NAMES as GATEWAY_WORKERS
from supervision.tally import Names, Tally

Catalogue = Mapping[str, frozenset[str]]
"""The labels of each series by its name, as Prometheus stores it."""

TARGET_LABELS: Final = frozenset({"job", "instance", "namespace", "pod"})
"""What the scrape configuration adds to every series."""

FOREIGN: Final[Catalogue] = {
    # Prometheus makes this one itself.
    "up": frozenset(),
    # kube-state-metrics, where the cluster has it.
    "kube_cronjob_status_last_successful_time": frozenset({"cronjob"}),
}

_ONE: Final = 1.0


class _NotingRegistry(CollectorRegistry):
    """Knows what was registered, and with which labels."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Collector] = []

    def register(self, collector: Collector) -> None:
        self.noted.append(collector)
        super().register(collector)


class _Anything:
    """Has every number that a live source is asked for."""

    waiting = running = rejected_count = 1
    age_seconds = seconds_left = wait_seconds = work_seconds = _ONE
    refused: Mapping[str, int] = {"queue_full": 1}
    failures: Mapping[str, int] = {"sealed": 1}


class _AnyCertificate:
    """A certificate that ends at some time."""

    expires_at = datetime(2026, 1, 1, tzinfo=UTC)
    failures = 0

    def newest(self) -> "_AnyCertificate":
        return self


def own_series() -> Catalogue:
    """Return every series of core, relay, consumer, mail sender, sealer and gateway."""
    registry = _NotingRegistry()
    for family in (
        CallMetrics,
        AuditMetrics,
        DependencyMetrics,
        RelayMetrics,
        ConsumerMetrics,
        MailMetrics,
        SealMetrics,
    ):
        family(registry)
    found: dict[str, frozenset[str]] = {}
    for noted in [*registry.noted, *_gateway_collectors()]:
        found |= _declared(noted)
    found |= _told(live_registry())
    for names in (CORE_WORKERS, GATEWAY_WORKERS):
        found |= _told_by_supervisor(names)
    found |= {name: labels for name, labels in _told(new_registry()).items() if name not in found}
    return found


def all_series() -> Catalogue:
    """Return those, and the foreign ones that rules and dashboards may name."""
    return {**own_series(), **FOREIGN}


def _gateway_collectors() -> list[Collector]:
    # Each collector is registered under its names; which ones is the library's own book.
    book: Mapping[Collector, list[str]] = vars(Metrics().registry)["_collector_to_names"]
    return list(book)


def live_registry() -> CollectorRegistry:
    """Return a registry with every number that is read when it is asked for."""
    registry, source = CollectorRegistry(), _Anything()
    live = LiveMetrics(registry)
    watch_hashing(live, source)
    watch_hashing_build(live, "wheel")
    watch_limits(live, lambda: False)
    watch_postgres_pool(live, dict)
    watch_logs(live, lambda: 0)
    watch_secrets(live, source)
    watch_database_login(live, source)
    watch_signing_key(live, lambda: _ONE)
    watch_certificate(live, _AnyCertificate(), use="server")
    return registry


def _declared(collector: Collector) -> Catalogue:
    labels = frozenset(getattr(collector, "_labelnames", ()))
    if not isinstance(collector, (Counter, Gauge, Histogram)):
        return {}
    (metric,) = collector.describe()
    if isinstance(collector, Histogram):
        parts = {f"{metric.name}_{part}": labels for part in ("sum", "count")}
        return parts | {f"{metric.name}_bucket": labels | {"le"}}
    return {f"{metric.name}_total" if isinstance(collector, Counter) else metric.name: labels}


def _told_by_supervisor(names: Names) -> Catalogue:
    families = asyncio.run(Tally(names, wanted=1).families())
    return {
        sample.name: frozenset(name for name, _ in sample.labels)
        for family in families
        for sample in family.samples
    }


def _told(registry: CollectorRegistry) -> Catalogue:
    return {
        sample.name: frozenset(sample.labels)
        for metric in registry.collect()
        for sample in metric.samples
    }
