"""The parts of a Grafana dashboard that these dashboards are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

SCHEMA_VERSION: Final = 39
"""Of Grafana 11; later versions raise it when they read the file."""

DATA_SOURCE: Final = {"type": "prometheus", "uid": "pandora-prometheus"}
_COLUMNS: Final = 24
_HEIGHT: Final = 8
_IN_A_ROW: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One graph; `queries` are PromQL by legend (`{{label}}` puts a label in its place).

    `unit` is Grafana's: `reqps`, `s`, `percentunit`, `bytes`, `short`. `alert` is the value from
    which something is wrong, drawn as a line.
    """

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    alert: float | None = None
    description: str = ""

    def document(self, number: int) -> dict[str, Any]:
        """Return it as Grafana reads it, in its place on the page."""
        width = _COLUMNS // _IN_A_ROW
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.alert is not None:
            steps.append({"color": "red", "value": self.alert})
        return {
            "id": number + 1,
            "type": "timeseries",
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "gridPos": {
                "h": _HEIGHT,
                "w": width,
                "x": number % _IN_A_ROW * width,
                "y": number // _IN_A_ROW * _HEIGHT,
            },
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "custom": {
                        "thresholdsStyle": {"mode": "off" if self.alert is None else "line"}
                    },
                    "thresholds": {"mode": "absolute", "steps": steps},
                },
                "overrides": [],
            },
            "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": DATA_SOURCE,
                    "expr": expression,
                    "legendFormat": legend,
                }
                for place, (legend, expression) in enumerate(self.queries.items())
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A page of panels. `uid` names the file as well."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]
    tags: Sequence[str] = field(default=("pandora", "user-service"))

    def document(self) -> dict[str, Any]:
        """Return what Grafana's provisioning reads."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "timezone": "utc",
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "links": [
                {
                    "type": "dashboards",
                    "title": "User service",
                    "tags": ["user-service"],
                    "asDropdown": True,
                    "keepTime": True,
                }
            ],
            "panels": [panel.document(number) for number, panel in enumerate(self.panels)],
        }
