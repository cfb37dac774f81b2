"""A run's report, and the files that are made of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.judging.verdict import Samples, Verdict
from bench.report.peers import PUBLISHED, published_table
from bench.report.plot import draw
from bench.report.tables import fact_lines, figures_table, processes_table, verdict_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a run has found; `titles` are in the order of the tables."""

    facts: Mapping[str, object]
    titles: Mapping[str, str]
    samples: Samples
    verdicts: Sequence[Verdict]
    appendix: Sequence[str] = ()
    """Lines for people that end the document."""


def write(report: Report, folder: Path, *, name: str = "bench") -> str:
    """Write NAME.json, NAME.md and NAME.svg; return the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    text = as_markdown(report)
    document = json.dumps(as_json(report), indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(document + "\n")
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.svg").write_text(draw(report.titles, report.samples))
    return text


def as_json(report: Report) -> dict[str, object]:
    """Return everything; what others have published is marked as such."""
    return {
        "facts": dict(report.facts),
        "measures": {
            name: {"title": title, "rounds": [one.document() for one in report.samples[name]]}
            for name, title in report.titles.items()
        },
        "verdicts": [asdict(verdict) for verdict in report.verdicts],
        "published_elsewhere": [asdict(one) for one in PUBLISHED],
    }


def as_markdown(report: Report) -> str:
    """Return the tables for docs/performance.md."""
    parts = (
        fact_lines(report.facts),
        verdict_table(report.verdicts),
        figures_table(report.titles, report.samples),
        processes_table(report.titles, report.samples),
        report.appendix or published_table(),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"
