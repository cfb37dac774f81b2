"""Numbers of several workers become one set, and are told as the library tells those of one."""

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from supervision.exposition import render
from supervision.families import Family, as_json, from_json, told
from supervision.sums import Rule, Sums

Told = dict[tuple[str, str, frozenset[tuple[str, str]]], float]


def _worker(factor: float) -> CollectorRegistry:
    """Return what a worker has counted; every number grows with the factor."""
    registry = CollectorRegistry()
    calls = Counter(
        "calls_total", 'Calls "of" all\nkinds \\ and none.', ("rpc",), registry=registry
    )
    calls.labels('Get "x"\\\n').inc(2 * factor)
    calls.labels("Put").inc(0.5 * factor)
    times = Histogram("times_seconds", "Times.", buckets=(0.1, 1.0), registry=registry)
    for seconds in (0.05, 0.5, 5.0):
        times.observe(seconds * factor)
    Gauge("size_bytes", "Size.", registry=registry).set(1e12 * factor)
    Gauge("age_seconds", "Age.", registry=registry).set(factor)
    Gauge("end_seconds", "End.", registry=registry).set(factor)
    Gauge("odd", "Odd.", ("kind",), registry=registry).labels("inf").set(math.inf)
    Info("build", "Build.", registry=registry).info({"version": "1"})
    return registry


def _told(text: str) -> Told:
    return {
        (family.type, sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _plain(families: list[Family]) -> dict[str, float]:
    return {
        " ".join((sample.name, *(text for _, text in sample.labels))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_one_worker_is_told_as_the_library_tells_it() -> None:
    registry = _worker(1)
    sums = Sums({})
    sums.add(from_json(as_json(told(registry))))
    assert _told(render(sums.families()).decode()) == _told(generate_latest(registry).decode())


def test_counters_and_histograms_are_summed_and_gauges_follow_their_rules() -> None:
    sums = Sums({"age_seconds": Rule.HIGHEST, "end_seconds": Rule.LOWEST})
    for factor in (1, 3):
        sums.add(told(_worker(factor)))
    numbers = _plain(list(sums.families()))

    assert numbers['calls_total Get "x"\\\n'] == 8
    assert numbers["calls_total Put"] == 2
    assert numbers["times_seconds_count"] == 6
    assert numbers["times_seconds_sum"] == 5.55 * 4
    assert [numbers[f"times_seconds_bucket {le}"] for le in ("0.1", "1.0", "+Inf")] == [1, 3, 6]
    assert numbers["size_bytes"] == 4e12
    assert numbers["build_info 1"] == 1
    assert numbers["age_seconds"] == 3
    assert numbers["end_seconds"] == 1
    assert sums.total("calls") == 10
    assert sums.total("nothing") == 0


def test_a_series_is_as_old_as_its_oldest_part() -> None:
    old, young = told(_worker(1)), told(_worker(1))
    sums = Sums({})
    sums.add(young)
    sums.add(old)
    (calls,) = [family for family in sums.families() if family.name == "calls"]
    oldest = {each.labels: each.value for family in old for each in family.samples
              if each.name == "calls_created"}  # fmt: skip
    assert {s.labels: s.value for s in calls.samples if s.name == "calls_created"} == oldest


def test_what_a_worker_never_counted_is_no_zero_of_another() -> None:
    registry = CollectorRegistry()
    Counter("calls_total", "Calls.", ("rpc",), registry=registry).labels("Get").inc()
    sums = Sums({})
    sums.add(told(registry))
    sums.add(told(CollectorRegistry()))
    assert _plain(list(sums.families())) == {"calls_total Get": 1}
