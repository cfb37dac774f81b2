"""Slowing down whoever guesses passwords (NIST SP 800-63B-4 section 3.2.2).

Failures are counted in two places. A short window makes each next try wait longer; it may be
lost without harm. A durable count of consecutive failures ends the guessing altogether.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

_MOST_DOUBLINGS = 60
"""Keeps a large count from becoming a number that no clock holds."""


class BucketKind(StrEnum):
    """What failures are counted by."""

    ACCOUNT = "account"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One count of failures in the short window; `digest` stands for whom it is about."""

    kind: BucketKind
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A place in a bucket that a try has while it is being judged; `number` tells it apart."""

    bucket: Bucket
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A try that may be judged, with its place in each bucket, the account's first."""

    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayPolicy:
    """How long one has to wait after a failure, in seconds.

    The wait begins with the failure number `from_failure`, doubles with each further one, and is
    bounded. Failures are forgotten `memory_seconds` after the last of them.
    """

    from_failure: int
    first_seconds: float
    longest_seconds: float
    memory_seconds: float

    def places(self, failures: int) -> int:
        """Return how many tries may be judged at once after so many failures.

        Even if all of them fail, the wait begins no later than if they had come one by one.
        """
        return max(1, self.from_failure - failures)

    def seconds(self, failures: int) -> float:
        """Return the wait after so many failures."""
        if failures < self.from_failure:
            return 0.0
        doublings = min(failures - self.from_failure, _MOST_DOUBLINGS)
        return min(self.longest_seconds, self.first_seconds * 2.0**doublings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlePolicy:
    """The waits of accounts and of addresses, and the end of all guessing.

    After `most_failures` in a row nothing but a new password opens an account again. A count that
    is below is dropped when nobody has failed for `stale_days`.
    """

    account: DelayPolicy
    address: DelayPolicy
    most_failures: int
    stale_days: int

    def delays(self, kind: BucketKind) -> DelayPolicy:
        """Return the waits of one kind of bucket."""
        return self.account if kind is BucketKind.ACCOUNT else self.address

    def closes_at(self, failures: int) -> bool:
        """Tell whether so many consecutive failures end the guessing."""
        return failures >= self.most_failures

    def stale_before(self, now: datetime) -> datetime:
        """Return the time before which a count has been left alone for too long to matter."""
        return now - timedelta(days=self.stale_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What failures are held against: an account as strangers meet it, or one known device of it.

    Both are keyed digests of what was presented, whether there is such an account or not. In the
    strangers' lane `digest` is the account's own.
    """

    account: str = field(repr=False)
    digest: str = field(repr=False)

    @property
    def is_strangers(self) -> bool:
        """Whether the try came from no known device of the account."""
        return self.account == self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a try stands before it is judged: its lane, the lane's durable count, its buckets.

    `user_id` is the person whose account it is; an id that nobody has where there is none.
    """

    user_id: UUID
    lane: Lane
    failures: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that is being judged."""

    standing: Standing
    admission: Admission


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A try that has failed, and how often there was a failure like it lately, itself included."""

    attempt: Attempt
    failures: int
