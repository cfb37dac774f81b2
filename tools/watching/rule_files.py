"""Reads the rules of Prometheus, and the unit tests of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.watching.yaml_text import load

_ALERT: Final = re.compile(r'alertname="(\w+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An alert, or a series that is recorded; the other name is empty."""

    file: str
    alert: str
    record: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedAlert:
    """One question of a unit test: whether an alert fires on the series that are given."""

    name: str
    fires: bool


def rules(folder: Path) -> Iterator[Rule]:
    """Read every rule of a folder, in the order of its files."""
    for path in sorted(folder.glob("*.yml")):
        document: Mapping[str, Any] = load(path)
        for group in document["groups"]:
            for rule in group["rules"]:
                yield Rule(
                    file=path.name,
                    alert=rule.get("alert", ""),
                    record=rule.get("record", ""),
                    expression=str(rule["expr"]),
                    labels=rule.get("labels", {}),
                    annotations=rule.get("annotations", {}),
                )


def tested_alerts(folder: Path) -> Sequence[TestedAlert]:
    """Read which alerts the unit tests expect to fire, and which not to."""
    return [
        TestedAlert(name=name, fires=bool(question.get("exp_samples")))
        for path in sorted(folder.glob("*.yml"))
        for test in load(path)["tests"]
        for question in test.get("promql_expr_test", ())
        for name in _ALERT.findall(question["expr"])
    ]
