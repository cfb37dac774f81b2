"""Grafana's dashboards, in the order in which somebody who is called looks at them."""

from typing import Final

from tools.watching.dashboards.audit import AUDIT
from tools.watching.dashboards.dependencies import DEPENDENCIES
from tools.watching.dashboards.events import EVENTS
from tools.watching.dashboards.overview import OVERVIEW
from tools.watching.dashboards.processes import PROCESSES
from tools.watching.dashboards.security import SECURITY

DASHBOARDS: Final = (OVERVIEW, DEPENDENCIES, EVENTS, AUDIT, SECURITY, PROCESSES)
