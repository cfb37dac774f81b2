"""Numbers that are read when they are asked for: pools, queues, the state of the secrets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    name: str
    meaning: str
    kind: str
    label: str
    read: Callable[[], Mapping[str, float]]


class LiveMetrics(Collector):
    """Asks each source at every scrape, from the scraper's thread: a source must only read.

    A source that fails is logged and left out; the others are still told.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families: list[_Family] = []
        registry.register(self)

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Tell a number that goes up and down."""
        self._add(name, meaning, "gauge", "", lambda: {"": read()})

    def gauges(
        self, name: str, meaning: str, *, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Tell several such numbers, by the value of one label."""
        self._add(name, meaning, "gauge", label, read)

    def counter(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Tell a number that only grows; `_total` is added to its name."""
        self._add(name, meaning, "counter", "", lambda: {"": read()})

    def counters(
        self, name: str, meaning: str, *, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Tell several such numbers, by the value of one label."""
        self._add(name, meaning, "counter", label, read)

    def describe(self) -> Iterable[Metric]:
        """Name nothing ahead of time: sources come after the registration."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read every source."""
        for family in tuple(self._families):
            try:
                values = family.read()
            except Exception as error:  # noqa: BLE001 - one bad source must not hide the others
                _log.warning("metric_unreadable", metric=family.name, cause=type(error).__name__)
                continue
            yield _metric(family, values)

    def _add(
        self,
        name: str,
        meaning: str,
        kind: str,
        label: str,
        read: Callable[[], Mapping[str, float]],
    ) -> None:
        self._families.append(
            _Family(name=name, meaning=meaning, kind=kind, label=label, read=read)
        )


def _metric(family: _Family, values: Mapping[str, float]) -> Metric:
    metric = Metric(family.name, family.meaning, family.kind)
    sample = f"{family.name}_total" if family.kind == "counter" else family.name
    for label_value, value in values.items():
        labels = {family.label: label_value} if family.label else {}
        metric.add_sample(sample, labels, value)
    return metric
