"""What one measurement of some seconds has found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Requests that were answered within some seconds; times in milliseconds.

    `errors` are those that were answered otherwise than they should, or not at all. They are no
    part of `requests`. `cpu_ms` is processor time for one request, by the processes' name.
    """

    requests: int
    seconds: float
    errors: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    cpu_ms: Mapping[str, float] = field(default_factory=dict)
    idle_mib: float = 0.0
    """Memory of a process that was started for this sample, and that nobody has asked."""

    @property
    def per_second(self) -> float:
        """Return the good answers a second."""
        return self.requests / self.seconds

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "per_second": round(self.per_second, 2)}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value at or below which a share of sorted values lies; 0 for none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
