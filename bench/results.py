"""What came out: medians, and ratios of what was measured in the same round, with their spread."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Final

from bench.load import Measured
from bench.servers import BARE, ENVOY, GATEWAY

TARGET: Final = 0.8
"""The part of the bare handler's throughput that the gateway shall reach."""
MOST_MEMORY_MIB: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One call before one core: the rounds of each server, in the same order."""

    core: str
    call: str
    rounds: Mapping[str, list[Measured]] = field(
        default_factory=lambda: {GATEWAY: [], BARE: [], ENVOY: []}
    )

    def ratios(self, name: str) -> list[float]:
        """The gateway's throughput as a part of another's, round by round."""
        pairs = zip(self.rounds[GATEWAY], self.rounds[name], strict=True)
        return [ours.requests_per_second / theirs.requests_per_second for ours, theirs in pairs]

    def median(self, name: str, figure: str) -> float:
        """The middle one of a server's figures."""
        figures: list[float] = [getattr(measured, figure) for measured in self.rounds[name]]
        return median(figures)


def ratio_text(ratios: Sequence[float]) -> str:
    """The middle one, the least and the most."""
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def as_json(series: Sequence[Series], facts: Mapping[str, object]) -> dict[str, Any]:
    """Everything that was measured."""
    return {
        **facts,
        "series": [
            {
                "core": one.core,
                "call": one.call,
                "rounds": {
                    name: [asdict(measured) for measured in rounds]
                    for name, rounds in one.rounds.items()
                },
                "ratio_to_bare": one.ratios(BARE),
                "ratio_to_envoy": one.ratios(ENVOY),
            }
            for one in series
        ],
    }


def as_markdown(series: Sequence[Series], facts: Mapping[str, object]) -> str:
    """Two tables, for people."""
    return "\n".join([*_facts(facts), "", *_ratios(series), "", *_figures(series), ""])


def falls_short(series: Sequence[Series], core: str) -> list[str]:
    """Which calls before a core are below the target, in sentences."""
    return [
        f"{one.call} before the {one.core}: {median(one.ratios(BARE)):.2f} of the bare handler,"
        f" below {TARGET}"
        for one in series
        if one.core == core and median(one.ratios(BARE)) < TARGET
    ]


def _facts(facts: Mapping[str, object]) -> Iterator[str]:
    yield from (f"- {name.replace('_', ' ')}: {value}" for name, value in facts.items())


def _ratios(series: Sequence[Series]) -> Iterator[str]:
    yield "| call | core | gateway / bare aiohttp | gateway / Envoy |"
    yield "| --- | --- | --- | --- |"
    for one in series:
        bare, envoy = ratio_text(one.ratios(BARE)), ratio_text(one.ratios(ENVOY))
        yield f"| {one.call} | {one.core} | {bare} | {envoy} |"


def _figures(series: Sequence[Series]) -> Iterator[str]:
    yield "| call | core | server | requests/s | p50 ms | p99 ms | CPU ms a request |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in series:
        for name in one.rounds:
            rate, p50 = one.median(name, "requests_per_second"), one.median(name, "p50_ms")
            p99, cpu = one.median(name, "p99_ms"), one.median(name, "cpu_ms")
            figures = f"{rate:,.0f} | {p50:.1f} | {p99:.1f} | {cpu:.3f}"
            yield f"| {one.call} | {one.core} | {name} | {figures} |"
