"""One set of numbers of several: sums, and where a sum is nonsense the highest or the lowest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from supervision.families import Family, Labels, Sample

CREATED: Final = "_created"
"""The suffix of a sample that says since when a series has been counted."""


class Rule(StrEnum):
    """What becomes of the same gauge of several workers."""

    SUM = "sum"
    HIGHEST = "highest"
    LOWEST = "lowest"


Rules = Mapping[str, Rule]
"""By a gauge's name; one that is not named is summed."""

_MEANS: Final[Mapping[Rule, Callable[[float, float], float]]] = {
    Rule.SUM: lambda one, other: one + other,
    Rule.HIGHEST: max,
    Rule.LOWEST: min,
}


@dataclass(slots=True)
class _Summed:
    kind: str
    meaning: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


class Sums:
    """Families that were put together from several sources."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._families: dict[str, _Summed] = {}

    def add(self, families: Iterable[Family]) -> None:
        """Put the numbers of one more source to those that are there."""
        for family in families:
            summed = self._families.setdefault(family.name, _Summed(family.kind, family.meaning))
            # What an information says stands in its labels; its number is always 1.
            usual = Rule.HIGHEST if family.kind == "info" else Rule.SUM
            rule = self._rules.get(family.name, usual)
            for sample in family.samples:
                key = sample.name, sample.labels
                # No later source makes a series younger.
                own = Rule.LOWEST if family.is_cumulative and _is_time(sample) else rule
                present = summed.samples.get(key)
                summed.samples[key] = (
                    sample.value if present is None else _MEANS[own](present, sample.value)
                )

    def families(self) -> Sequence[Family]:
        """Return all of it, in the order in which it came."""
        return [
            Family(
                name,
                summed.kind,
                summed.meaning,
                [
                    Sample(sample, labels, value)
                    for (sample, labels), value in summed.samples.items()
                ],
            )
            for name, summed in self._families.items()
        ]

    def total(self, name: str) -> float:
        """Return the sum of a counter over all labels; 0 of one that is not known."""
        summed = self._families.get(name)
        if summed is None:
            return 0.0
        return sum(
            value for (sample, _), value in summed.samples.items() if sample == f"{name}_total"
        )


def _is_time(sample: Sample) -> bool:
    return sample.name.endswith(CREATED)
