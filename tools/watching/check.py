"""What must hold of rules, dashboards and runbooks, as far as it needs no other program."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tools.watching.catalogue import Catalogue, all_series
from tools.watching.dashboard_files import queries
from tools.watching.expressions import read
from tools.watching.generated import generated_files
from tools.watching.references import JOBS, Finding, findings
from tools.watching.rule_files import Rule, rules, tested_alerts
from tools.watching.yaml_text import load

RUNBOOKS: Final = "https://docs.pandora.exchange/user-service/runbooks/"
"""Where docs/runbooks is published."""

SEVERITIES: Final = frozenset({"page", "ticket"})
"""`page` wakes somebody; `ticket` waits for the next working day."""

SECTIONS: Final = ("## What it means", "## How to look", "## What to do")
_ANNOTATIONS: Final = ("summary", "description")
_LABEL_USE: Final = re.compile(r"\$labels\.(\w+)")


def check(root: Path) -> Iterator[Finding]:
    """Tell everything that is wrong in a checkout."""
    prometheus = root / "observability" / "prometheus"
    every = list(rules(prometheus / "rules"))
    series = _with_recorded(every, all_series())
    for rule in every:
        place = f"rules/{rule.file}: {rule.alert or rule.record}"
        yield from findings(place, rule.expression, series, labels=rule.labels)
        if rule.alert:
            yield from _alert(place, rule, series, root)
    yield from _names(every)
    yield from _tests(every, prometheus / "tests")
    yield from _runbooks(every, root / "docs" / "runbooks")
    for name in ("prometheus.yml", "kubernetes.yml"):
        yield from _jobs(prometheus / name)
    for query in queries(root / "observability" / "grafana" / "dashboards"):
        yield from findings(query.place, query.expression, series)
    for path, text in generated_files().items():
        if not (root / path).is_file() or (root / path).read_text() != text:
            yield Finding(place=path, problem="is not what `make observability` writes")


def _with_recorded(every: Iterable[Rule], series: Catalogue) -> Catalogue:
    recorded: dict[str, frozenset[str]] = {}
    for rule in every:
        if rule.record:
            labels = read(rule.expression).labels | set(rule.labels)
            recorded[rule.record] = recorded.get(rule.record, frozenset()) | labels
    return {**series, **recorded}


def _alert(place: str, rule: Rule, series: Catalogue, root: Path) -> Iterator[Finding]:
    if rule.labels.get("severity") not in SEVERITIES:
        yield Finding(place=place, problem=f"its severity is none of {sorted(SEVERITIES)}")
    for name in _ANNOTATIONS:
        text = rule.annotations.get(name, "")
        if not text:
            yield Finding(place=place, problem=f"it has no {name}")
        yield from _labels_used(place, text, rule, series)
    if rule.annotations.get("runbook_url") != RUNBOOKS + rule.alert:
        yield Finding(place=place, problem=f"its runbook_url is not {RUNBOOKS}{rule.alert}")
    runbook = root / "docs" / "runbooks" / f"{rule.alert}.md"
    text = runbook.read_text() if runbook.is_file() else ""
    for section in SECTIONS:
        if section not in text:
            yield Finding(place=place, problem=f"{runbook.name} has no «{section}»")


def _labels_used(place: str, text: str, rule: Rule, series: Catalogue) -> Iterator[Finding]:
    """Find labels in a text that an alert's result cannot have."""
    asked = read(rule.expression)
    kept = set(asked.labels) | {"job", "instance", "pod", "namespace"}
    for selector in asked.selectors:
        kept |= series.get(selector.metric, frozenset())
    if re.match(r"\s*(sum|max|min|avg|count)\b", rule.expression):
        kept = set(asked.labels)
    for label in _LABEL_USE.findall(text):
        if label not in kept:
            yield Finding(place=place, problem=f"its result has no label {label}")


def _names(every: Iterable[Rule]) -> Iterator[Finding]:
    for name, count in Counter(rule.alert for rule in every if rule.alert).items():
        if count > 1:
            yield Finding(place=name, problem="two alerts have this name")


def _tests(every: Iterable[Rule], folder: Path) -> Iterator[Finding]:
    tested = tested_alerts(folder)
    for fires, words in ((True, "fires"), (False, "does not fire")):
        covered = {each.name for each in tested if each.fires is fires}
        for rule in every:
            if rule.alert and rule.alert not in covered:
                yield Finding(place=rule.alert, problem=f"no unit test shows that it {words}")


def _runbooks(every: Iterable[Rule], folder: Path) -> Iterator[Finding]:
    alerts = {rule.alert for rule in every}
    for path in sorted(folder.glob("Pandora*.md")):
        if path.stem not in alerts:
            yield Finding(place=f"docs/runbooks/{path.name}", problem="there is no such alert")


def _jobs(path: Path) -> Iterator[Finding]:
    names = {job["job_name"] for job in load(path)["scrape_configs"]}
    if names != set(JOBS):
        problem = f"its jobs are {sorted(names)}, not {sorted(JOBS)}"
        yield Finding(place=path.name, problem=problem)
