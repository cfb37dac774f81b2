"""Metrics as a worker tells them: families of samples, without any library's types."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

Labels = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are told."""

CUMULATIVE: Final = frozenset({"counter", "histogram", "summary"})
"""Kinds whose numbers only grow: what a worker has counted stays counted when it is gone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One number; `name` has the suffix that its family's kind demands."""

    name: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """Samples that belong together; `name` is without `_total`, `_bucket` and the like."""

    name: str
    kind: str
    meaning: str
    samples: Sequence[Sample]

    @property
    def is_cumulative(self) -> bool:
        """Whether its numbers only grow."""
        return self.kind in CUMULATIVE


class _ToldSample(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> float: ...


class _ToldMetric(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def documentation(self) -> str: ...
    @property
    def samples(self) -> Sequence[_ToldSample]: ...


class Registry(Protocol):
    """What a worker counts with: a registry of prometheus_client, which is not loaded here."""

    def collect(self) -> Iterable[_ToldMetric]:
        """Read every number."""


def told(registry: Registry) -> Sequence[Family]:
    """Read every number of a registry."""
    return [
        Family(
            metric.name,
            metric.type,
            metric.documentation,
            [
                Sample(sample.name, tuple(sample.labels.items()), sample.value)
                for sample in metric.samples
            ],
        )
        for metric in registry.collect()
    ]


def as_json(families: Iterable[Family]) -> Sequence[Sequence[Any]]:
    """Return families as lists."""
    return [
        [
            family.name,
            family.kind,
            family.meaning,
            [[each.name, each.labels, each.value] for each in family.samples],
        ]
        for family in families
    ]


def from_json(told: Iterable[Sequence[Any]]) -> Sequence[Family]:
    """Return what `as_json` was given.

    Raises:
        ValueError: it is nothing of that kind.
        TypeError: likewise.
    """
    return [
        Family(
            name,
            kind,
            meaning,
            [
                Sample(sample, tuple((str(key), str(text)) for key, text in labels), float(value))
                for sample, labels, value in samples
            ],
        )
        for name, kind, meaning, samples in told
    ]


def gauge(name: str, meaning: str, values: Mapping[Labels, float]) -> Family:
    """Return a gauge with these samples."""
    samples = [Sample(name, labels, value) for labels, value in values.items()]
    return Family(name, "gauge", meaning, samples)


def counter(name: str, meaning: str, values: Mapping[Labels, float]) -> Family:
    """Return a counter with these samples; `name` is without `_total`."""
    samples = [Sample(f"{name}_total", labels, value) for labels, value in values.items()]
    return Family(name, "counter", meaning, samples)
