"""A queue with several servers, simulated: passwords before the hashing threads, reads at a core.

Arrivals are a Poisson process; service times are drawn from those that were measured (M/G/c, first
come first served, and a bounded queue as `passwords.queue_limit` has it).
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WARM_UP_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What is waited for. Times are in seconds.

    `around` holds what a call takes beside its service, in which it occupies no server.
    """

    servers: int
    services: Sequence[float]
    around: Sequence[float] = (0.0,)
    most_waiting: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """How calls fare; times in seconds, of calls that were served."""

    p50: float
    p99: float
    utilisation: float
    refused_share: float


def simulate(station: Station, *, rate: float, calls: int, seed: int) -> Prediction:
    """Let so many calls arrive at a rate (per second), and tell how they fare."""
    chance = random.Random(seed)  # noqa: S311 - a simulation wants to be repeated
    free_at = [0.0] * station.servers
    begins: list[float] = []  # of calls that wait or have waited, the earliest first
    now, busy, refused = 0.0, 0.0, 0
    times: list[float] = []
    for _ in range(calls):
        now += chance.expovariate(rate)
        while begins and begins[0] <= now:
            heapq.heappop(begins)
        if station.most_waiting is not None and len(begins) > station.most_waiting:
            refused += 1
            continue
        begin = max(now, heapq.heappop(free_at))
        service = chance.choice(station.services)
        heapq.heappush(free_at, begin + service)
        heapq.heappush(begins, begin)
        busy += service
        times.append(begin - now + service + chance.choice(station.around))
    settled = sorted(times[int(len(times) * _WARM_UP_SHARE) :])
    return Prediction(
        p50=quantile(settled, 0.5),
        p99=quantile(settled, 0.99),
        utilisation=busy / (now * station.servers),
        refused_share=refused / calls,
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of sorted values lies (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
