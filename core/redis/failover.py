"""Limits that go on in the process itself while Redis is away, and go back when it returns."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from core.domain.errors import DependencyUnavailable
from core.domain.ports.limits import AttemptLimiter, RateLimiter
from core.domain.rate_limit import Allowance, Rate
from core.domain.throttling import Admission, Bucket

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Failover:
    """Knows whether Redis answers. While it does not, one call in `retry_seconds` tries again.

    All others are spared the wait for an answer that does not come.
    """

    def __init__(self, *, retry_seconds: float, seconds: Callable[[], float]) -> None:
        """Take a monotonic clock; Redis is taken to be there."""
        self._retry_seconds = retry_seconds
        self._seconds = seconds
        self._retry_at: float | None = None

    @property
    def is_local(self) -> bool:
        """Whether limits are kept in this process alone at the moment."""
        return self._retry_at is not None

    async def run(self, shared: Callable[[], Awaitable[T]], local: Callable[[], Awaitable[T]]) -> T:
        """Return what `shared` returns, or without Redis, what `local` does."""
        if not self._may_try():
            return await local()
        try:
            result = await shared()
        except DependencyUnavailable as outage:
            self._lose(outage)
            return await local()
        except Exception:
            self._find()
            raise
        self._find()
        return result

    def _may_try(self) -> bool:
        if self._retry_at is None:
            return True
        now = self._seconds()
        if now < self._retry_at:
            return False
        # Others go on without Redis while this call finds out.
        self._retry_at = now + self._retry_seconds
        return True

    def _lose(self, outage: DependencyUnavailable) -> None:
        if self._retry_at is None:
            _log.warning("limits_are_local", dependency=outage.dependency, detail=outage.detail)
        self._retry_at = self._seconds() + self._retry_seconds

    def _find(self) -> None:
        if self._retry_at is not None:
            self._retry_at = None
            _log.info("limits_are_shared_again")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverAttempts:
    """Implements the port AttemptLimiter.

    A process that has just lost Redis remembers no failures, so an outage gives a guesser a few
    tries more; the durable count goes on.
    """

    shared: AttemptLimiter
    local: AttemptLimiter
    failover: Failover

    async def admit(self, buckets: Sequence[Bucket]) -> Admission:
        """Take a place in every bucket, unless one of them waits or is full."""
        return await self.failover.run(
            lambda: self.shared.admit(buckets), lambda: self.local.admit(buckets)
        )

    async def fail(self, admission: Admission) -> int:
        """Give the places up and count a failure in every bucket."""
        return await self.failover.run(
            lambda: self.shared.fail(admission), lambda: self.local.fail(admission)
        )

    async def give_back(self, admission: Admission) -> None:
        """Give the places up."""
        await self.failover.run(
            lambda: self.shared.give_back(admission), lambda: self.local.give_back(admission)
        )

    async def succeed(self, admission: Admission) -> None:
        """Give the places up, and forget the account's failures."""
        await self.failover.run(
            lambda: self.shared.succeed(admission), lambda: self.local.succeed(admission)
        )

    async def forget(self, bucket: Bucket) -> None:
        """Forget the failures of a bucket."""
        await self.failover.run(
            lambda: self.shared.forget(bucket), lambda: self.local.forget(bucket)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverRates:
    """Implements the port RateLimiter."""

    shared: RateLimiter
    local: RateLimiter
    failover: Failover

    async def take(self, key: str, rate: Rate) -> Allowance:
        """Count a call under a key, unless it is one too many."""
        return await self.failover.run(
            lambda: self.shared.take(key, rate), lambda: self.local.take(key, rate)
        )
