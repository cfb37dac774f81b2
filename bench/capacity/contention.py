"""How busy others keep this machine: a measurement of queues beside them says nothing."""

import os
from pathlib import Path

from bench.capacity.costs import processor_seconds
from tests.e2e.service import Service

MOST_SHARE = 0.15
"""Of all processors, used by neither the service nor the load."""

_TICKS = os.sysconf("SC_CLK_TCK")
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)  # proc(5): user, nice, system, irq, softirq, steal


class Contention:
    """Looks at the machine when it is made, and again when it is asked."""

    def __init__(self, service: Service, now: float) -> None:
        """Begin; `now` is a monotonic time in seconds."""
        self._service = service
        self._began = now
        self._before = self._foreign_seconds()

    def share(self, now: float) -> float:
        """Return which share of all processors others have used since."""
        used = self._foreign_seconds() - self._before
        return used / ((now - self._began) * (os.cpu_count() or 1))

    def _foreign_seconds(self) -> float:
        line = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
        busy = sum(int(line[place]) for place in _BUSY_FIELDS) / _TICKS
        own = os.times()
        ours = sum(processor_seconds(self._service).values()) + own.user + own.system
        return busy - ours
