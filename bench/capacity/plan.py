"""What the simulation says of logins at one core, for docs/capacity.md."""

from collections.abc import Iterator
from typing import Final

from bench.capacity.queueing import Station, simulate

_HASHING_SECONDS: Final = (0.027, 0.029, 0.030, 0.031, 0.035)
_AROUND_SECONDS: Final = (0.008, 0.010, 0.015)
_QUEUE_LIMIT: Final = 64
_CALLS: Final = 200_000
_SEED: Final = 1
THREADS: Final = 2
RATES: Final = (20, 40, 45, 55, 60, 64, 80)


def lines() -> Iterator[str]:
    """Return a Markdown table: logins a second, and how they fare."""
    yield "| logins/s | busy | p50 ms | p99 ms | refused as SERVER_BUSY |"
    yield "| --- | --- | --- | --- | --- |"
    station = Station(
        servers=THREADS,
        services=_HASHING_SECONDS,
        around=_AROUND_SECONDS,
        most_waiting=_QUEUE_LIMIT,
    )
    for rate in RATES:
        told = simulate(station, rate=rate, calls=_CALLS, seed=_SEED)
        yield (
            f"| {rate} | {told.utilisation:.0%} | {told.p50 * 1000:.0f} | {told.p99 * 1000:.0f}"
            f" | {told.refused_share:.1%} |"
        )
