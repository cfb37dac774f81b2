"""Whether the simulation predicts what a running service does.

It is given the times of requests that come one after the other, when nothing waits, and the rate at
which they are about to come; it must then tell median and 99th percentile of requests that come by
chance. Hashing is one server here (one thread), a core's event loop another.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.capacity.contention import MOST_SHARE, Contention
from bench.capacity.costs import cost, idle_load
from bench.capacity.load import alone, open_loop
from bench.capacity.people import Crowd
from bench.capacity.queueing import Station, quantile, simulate
from tests.e2e.rest import open_rest
from tests.e2e.service import Service

MEDIAN_TOLERANCE: Final = 0.35
TAIL_TOLERANCE: Final = 0.6
"""Relative to what was measured: two processors shared with the load itself and with others."""

_SIMULATED: Final = 200_000
_SEED: Final = 20_261_124
_CALIBRATION: Final = {"login": 150, "get-me": 600}
_OCCUPIED: Final = {"login": (0.3, 0.6), "get-me": (0.2, 0.4)}
"""The shares of the bottleneck's time that the measured loads take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One load; times in milliseconds."""

    operation: str
    rate: float
    predicted: tuple[float, float]
    measured: tuple[float, float]
    others: float
    """The share of all processors that neither service nor load has used meanwhile."""

    @property
    def is_judged(self) -> bool:
        """Whether the machine was left to the measurement."""
        return self.others <= MOST_SHARE

    @property
    def agrees(self) -> bool:
        """Whether median and 99th percentile are within their tolerances."""
        return all(
            abs(told - seen) <= tolerance * seen
            for told, seen, tolerance in zip(
                self.predicted, self.measured, (MEDIAN_TOLERANCE, TAIL_TOLERANCE), strict=True
            )
        )


async def compare(service: Service, *, seconds: float) -> tuple[dict[str, Any], bool]:
    """Calibrate, predict, measure; return all figures, and whether they agree."""
    found: list[Comparison] = []
    async with open_rest(service) as rest:
        crowd = await Crowd.gather(rest, service)
        idle = await idle_load(service)
        for name, shares in _OCCUPIED.items():
            operation = crowd.operations()[name]
            used = await cost(service, operation, number=_CALIBRATION[name], idle=idle)
            for share in shares:
                quiet = await alone(operation, number=_CALIBRATION[name])
                station = _station(quiet, used["core"] / 1000)
                rate = share / statistics.fmean(station.services)
                told = simulate(station, rate=rate, calls=_SIMULATED, seed=_SEED)
                beside = Contention(service, time.monotonic())
                seen = await open_loop(operation, rate=rate, seconds=seconds, seed=_SEED)
                found.append(
                    Comparison(
                        operation=name,
                        rate=round(rate, 1),
                        predicted=(told.p50 * 1000, told.p99 * 1000),
                        measured=(quantile(seen, 0.5) * 1000, quantile(seen, 0.99) * 1000),
                        others=beside.share(time.monotonic()),
                    )
                )
    result = {
        "tolerance": {"p50": MEDIAN_TOLERANCE, "p99": TAIL_TOLERANCE},
        "comparisons": [
            {
                "operation": each.operation,
                "per_second": each.rate,
                "predicted_ms": [round(ms, 1) for ms in each.predicted],
                "measured_ms": [round(ms, 1) for ms in each.measured],
                "others_busy": round(each.others, 2),
                "agrees": each.agrees if each.is_judged else "not judged: the machine is busy",
            }
            for each in found
        ],
    }
    return result, all(each.is_judged and each.agrees for each in found)


def _station(quiet: Sequence[float], core_seconds: float) -> Station:
    """Split measured times: the core's processor time is what others wait for, the rest is not."""
    around = [max(0.0, seconds - core_seconds) for seconds in quiet]
    services = [min(seconds, core_seconds) for seconds in quiet]
    return Station(servers=1, services=services, around=around)
