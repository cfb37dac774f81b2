"""Seals in memory, a signer and a place for checkpoints, and metrics that remember."""

from collections import Counter


class RecordingSealerMetrics:
    """Implements SealerMetrics."""

    def __init__(self) -> None:
        self.seals: list[int] = []
        self.ages: list[float] = []
        self.altered_rows = 0
        self.failures: Counter[str] = Counter()
        self.missing: list[int] = []

    def sealed(self, row_count: int) -> None:
        self.seals.append(row_count)

    def unsealed(self, oldest_age_seconds: float) -> None:
        self.ages.append(oldest_age_seconds)

    def altered(self, row_count: int) -> None:
        self.altered_rows += row_count

    def failed(self, cause: str) -> None:
        self.failures[cause] += 1

    def checkpoints(self, missing: int) -> None:
        self.missing.append(missing)
