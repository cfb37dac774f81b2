"""The files that are written from sources in this package."""

import json
from collections.abc import Mapping

import yaml

from tools.watching.dashboards import DASHBOARDS
from tools.watching.slo import rule_groups

_NOTE = "# Written by `make observability` from tools/watching/slo.py.\n"
_NEVER_WRAP = 100_000


def generated_files() -> Mapping[str, str]:
    """Return the text of each by its path in the checkout."""
    files = {
        f"observability/grafana/dashboards/{dashboard.uid}.json": json.dumps(
            dashboard.document(), indent=1, ensure_ascii=False
        )
        + "\n"
        for dashboard in DASHBOARDS
    }
    text = yaml.safe_dump(rule_groups(), sort_keys=False, width=_NEVER_WRAP)
    files["observability/prometheus/rules/slo_recording.yml"] = _NOTE + text
    return files
