"""Ratios of what was measured in the same round, and verdicts on their medians."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.loads.sample import Sample

Samples = Mapping[str, Sequence[Sample]]
"""The rounds of each measure, in the same order."""
CPU: Final = "cpu_ms:"
"""Begins the name of a figure that is processor time of a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one measure: an attribute of a sample, or `cpu_ms:GROUP`."""

    measure: str
    name: str = "per_second"

    def of(self, sample: Sample) -> float:
        """Return it."""
        if self.name.startswith(CPU):
            return sample.cpu_ms[self.name.removeprefix(CPU)]
        return float(getattr(sample, self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound on a figure, or on a figure's ratio to another one.

    Of several measures to compare with (`others`) the one with the greatest median counts. One of
    `at_least` and `at_most` is set.
    """

    title: str
    figure: Figure
    others: tuple[Figure, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    @property
    def measures(self) -> set[str]:
        """The names of all measures that it takes."""
        return {self.figure.measure, *(other.measure for other in self.others)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a target was compared with: the median of the rounds, their least and most."""

    title: str
    value: float
    least: float
    most: float
    bound: str
    met: bool
    unit: str = ""

    @property
    def sentence(self) -> str:
        """Return it for people."""
        word = "met" if self.met else "falls short"
        unit = f" {self.unit}" if self.unit else ""
        spread = f"({self.least:.2f} to {self.most:.2f})"
        return f"{word}: {self.title}: {self.value:.2f}{unit} {spread}, wanted {self.bound}{unit}"


def judge(target: Target, samples: Samples) -> Verdict | None:
    """Compare; None where something that it takes was not measured."""
    tops = samples.get(target.figure.measure, ())
    compared = [other for other in target.others if samples.get(other.measure)]
    if not tops or (target.others and not compared):
        return None
    values = [target.figure.of(sample) for sample in tops]
    if compared:
        floor = max(compared, key=lambda other: median(_values(other, samples)))
        bottoms = _values(floor, samples)
        values = [
            top / bottom if bottom else float("inf")
            for top, bottom in zip(values, bottoms, strict=True)
        ]
    value = median(values)
    if target.at_least is not None:
        met, bound = value >= target.at_least, f"≥ {target.at_least:g}"
    else:
        most = target.at_most if target.at_most is not None else float("inf")
        met, bound = value <= most, f"≤ {most:g}"
    return Verdict(
        title=target.title,
        value=value,
        least=min(values),
        most=max(values),
        bound=bound,
        met=met,
        unit=target.unit,
    )


def errors_of(samples: Samples) -> list[Verdict]:
    """Return a verdict for each measure with an error in any round: there shall be none."""
    counted = {name: [sample.errors for sample in rounds] for name, rounds in samples.items()}
    return [
        Verdict(
            title=f"errors in {name}",
            value=sum(errors),
            least=min(errors),
            most=max(errors),
            bound="= 0",
            met=False,
        )
        for name, errors in counted.items()
        if any(errors)
    ]


def _values(figure: Figure, samples: Samples) -> list[float]:
    return [figure.of(sample) for sample in samples[figure.measure]]
