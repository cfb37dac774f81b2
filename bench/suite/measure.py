"""One measure, and the rounds in which all of them take turns."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.loads.sample import Sample
from bench.service.outcomes import refusals
from bench.usage import group_seconds

Groups = Mapping[str, Sequence[int]]
"""Roots of families of processes, by what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """`run` takes seconds. `groups` are those whose processor time is told.

    `cores` are the metrics ports of the cores that answer: what they say of refusals is
    believed where the generator cannot see them, as h2load cannot see a gRPC status.
    `seconds_factor` lengthens what needs many samples for a high percentile.
    """

    name: str
    title: str
    run: Callable[[int], Sample]
    groups: Groups
    cores: Sequence[str] = ()
    seconds_factor: int = 1

    def take(self, seconds: int) -> Sample:
        """Measure once."""
        refused = refusals(self.cores)
        before = {name: group_seconds(pids) for name, pids in self.groups.items()}
        sample = self.run(seconds * self.seconds_factor)
        after = {name: group_seconds(pids) for name, pids in self.groups.items()}
        used = {
            name: 1000 * (after[name] - before[name]) / max(1, sample.requests) for name in before
        }
        return with_errors(
            replace(sample, cpu_ms={**sample.cpu_ms, **used}), refusals(self.cores) - refused
        )


def with_errors(sample: Sample, refused: int) -> Sample:
    """Return the sample with as many errors as a core tells of, if it tells of more."""
    unseen = max(0, refused - sample.errors)
    good = max(0, sample.requests - unseen)
    return replace(sample, requests=good, errors=sample.errors + unseen)


def go_round(
    measures: Sequence[Measure], *, rounds: int, seconds: int, warm_up: int = 1
) -> dict[str, list[Sample]]:
    """Take every measure once in each round; the order turns round from one to the next."""
    for measure in measures:
        measure.take(warm_up)
    found: dict[str, list[Sample]] = {measure.name: [] for measure in measures}
    for number in range(rounds):
        for measure in measures if number % 2 == 0 else measures[::-1]:
            sample = measure.take(seconds)
            found[measure.name].append(sample)
            print(
                f"bench: round {number + 1}/{rounds}: {measure.name}: {sample.per_second:,.0f}/s,"
                f" p99 {sample.p99_ms:.1f} ms, {sample.errors} errors",
                file=sys.stderr,
            )
    return found
