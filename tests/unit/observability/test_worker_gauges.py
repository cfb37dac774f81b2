"""Of every gauge somebody has decided what becomes of it when several workers tell it."""

import pytest
from prometheus_client import CollectorRegistry

from core.observability.metrics import DependencyMetrics, new_registry
from core.observability.worker_gauges import GAUGE_RULES
from supervision.sums import Rule
from tools.watching.catalogue import live_registry


def _gauges(registry: CollectorRegistry) -> set[str]:
    return {metric.name for metric in registry.collect() if metric.type in {"gauge", "info"}}


def test_every_gauge_of_a_core_that_serves_has_a_rule_and_no_rule_is_left_over() -> None:
    dependencies = CollectorRegistry()
    DependencyMetrics(dependencies).dependency("postgres", is_up=True)
    declared = _gauges(new_registry()) | _gauges(live_registry()) | _gauges(dependencies)
    assert declared == GAUGE_RULES.keys()


@pytest.mark.parametrize("suffix", ["_timestamp_seconds", "_age_seconds", "_info", "_up"])
def test_what_is_no_amount_is_never_summed(suffix: str) -> None:
    found = {name: rule for name, rule in GAUGE_RULES.items() if name.endswith(suffix)}
    assert found
    assert Rule.SUM not in found.values()
