"""Tables in Markdown: verdicts, figures, processor time."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.judging.verdict import Samples, Verdict
from bench.loads.sample import Sample

_START = "start"
"""The measure that is no rate: its table line would be of one request."""


def fact_lines(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield under which circumstances a run was made."""
    yield from (f"- {name}: {value}" for name, value in facts.items())


def verdict_table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield what was wanted and what came."""
    yield "| target | wanted | median | least to most of the rounds | verdict |"
    yield "| --- | --- | --- | --- | --- |"
    for one in verdicts:
        unit = f" {one.unit}" if one.unit else ""
        word = "met" if one.met else "**falls short**"
        spread = f"{one.least:.2f} to {one.most:.2f}"
        yield f"| {one.title} | {one.bound}{unit} | {one.value:.2f}{unit} | {spread} | {word} |"


def figures_table(titles: Mapping[str, str], samples: Samples) -> Iterator[str]:
    """Yield rates and times: medians of the rounds, of rates their least and most as well."""
    yield "| what | per second | least to most | p50 ms | p99 ms | p99.9 ms | errors |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, title in titles.items():
        rounds = samples[name]
        if name == _START:
            continue
        rates = [one.per_second for one in rounds]
        times = [
            _milliseconds(median(getattr(one, figure) for one in rounds))
            for figure in ("p50_ms", "p99_ms", "p999_ms")
        ]
        errors = sum(one.errors for one in rounds)
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        yield f"| {title} | {median(rates):,.0f} | {spread} | {' | '.join(times)} | {errors} |"


def processes_table(titles: Mapping[str, str], samples: Samples) -> Iterator[str]:
    """Yield processor time for one request, of all processes of a kind together."""
    kinds = list(dict.fromkeys(kind for name in titles for kind in _kinds(samples[name])))
    yield f"| CPU ms a request | {' | '.join(kinds)} |"
    yield "| --- |" + " --- |" * len(kinds)
    for name, title in titles.items():
        rounds = samples[name]
        if _kinds(rounds):
            cells = [_processor_time(rounds, kind) for kind in kinds]
            yield f"| {title} | {' | '.join(cells)} |"


def _kinds(rounds: Sequence[Sample]) -> list[str]:
    return list(rounds[0].cpu_ms) if rounds else []


def _processor_time(rounds: Sequence[Sample], kind: str) -> str:
    if kind not in rounds[0].cpu_ms:
        return ""
    return f"{median(one.cpu_ms[kind] for one in rounds):.3f}"


def _milliseconds(value: float) -> str:
    return f"{value:.1f}" if value else ""
