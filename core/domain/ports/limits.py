"""Short memories: who failed lately, and who called how often."""

from collections.abc import Sequence
from typing import Protocol

from core.domain.rate_limit import Allowance, Rate
from core.domain.throttling import Admission, Bucket


class OthersUnderWay(Exception):
    """As many tries are being judged as may fail before a wait begins: ask again soon."""


class AttemptLimiter(Protocol):
    """Counts failures, and tries that are being judged, so that many at once gain nothing.

    Where the memory is out of reach another one takes over; no method raises for that. A place
    that is never given up is free again after a minute or so.
    """

    async def admit(self, buckets: Sequence[Bucket]) -> Admission:
        """Take a place in every bucket, the account's first, as one step.

        Raises:
            LoginThrottled: a wait is going on in one of them.
            OthersUnderWay: one of them has no place left.
        """
        ...

    async def fail(self, admission: Admission) -> int:
        """Give the places up and count a failure; return how many the account has now.

        Of a place that was given up before, nothing is counted.
        """
        ...

    async def succeed(self, admission: Admission) -> None:
        """Give the places up, and forget the account's failures."""
        ...

    async def give_back(self, admission: Admission) -> None:
        """Give the places up: nothing was judged. Places that were given up before are not held."""
        ...

    async def forget(self, bucket: Bucket) -> None:
        """Forget the failures of a bucket."""
        ...


class RateLimiter(Protocol):
    """Counts calls. Where the memory is out of reach another one takes over."""

    async def take(self, key: str, rate: Rate) -> Allowance:
        """Count a call under a key, unless it is one too many."""
        ...
