"""Seals in memory, a signer and a place for checkpoints, and metrics that remember."""

import asyncio
from collections import Counter

from core.domain.audit_verification import LogReport

VALID = LogReport(
    valid=True,
    checked_count=3,
    first_invalid_sequence=None,
    sealed_sequence=3,
    seal_hash="ab" * 32,
    reason=None,
)


class FakeLogVerifier:
    """Implements the port LogVerifier. While `gate` is cleared, verifications do not end."""

    def __init__(self) -> None:
        self.report = VALID
        self.failure: Exception | None = None
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def verify(self) -> LogReport:
        self.began.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.report


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
