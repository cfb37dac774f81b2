"""Reads the queries of Grafana's dashboards."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query, and whose it is."""

    place: str
    expression: str


def queries(folder: Path) -> Iterator[Query]:
    """Return every PromQL expression of a folder of dashboards."""
    for path in sorted(folder.glob("*.json")):
        document: Mapping[str, Any] = json.loads(path.read_text())
        for panel in document["panels"]:
            for target in panel.get("targets", ()):
                place = f"dashboards/{path.name}: {panel['title']}"
                yield Query(place=place, expression=target["expr"])


def without_variables(expression: str) -> str:
    """Put a value in the place of each of Grafana's variables, so that Prometheus can read it."""
    return expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
