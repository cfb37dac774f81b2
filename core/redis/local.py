"""The same limits inside one process: for what need not be shared, and while Redis is away."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Generic, TypeVar

from core.domain.errors import LoginThrottled
from core.domain.ports.limits import OthersUnderWay
from core.domain.rate_limit import Allowance, Rate
from core.domain.throttling import Admission, Bucket, Hold, ThrottlePolicy
from core.redis.attempts import LEASE_SECONDS

CAPACITY = 100_000
"""Clients that are remembered; about 20 MB. Of more the longest unseen are forgotten."""

V = TypeVar("V")


class _Memory(Generic[V]):
    """A bounded map that forgets first what was touched longest ago."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        return self._values.get(key)

    def put(self, key: str, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._capacity:
            self._values.popitem(last=False)

    def drop(self, key: str) -> None:
        self._values.pop(key, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """A bucket: its failures, when it opens and is forgotten, and by when its places are free."""

    failures: int = 0
    closed_until: float = 0.0
    forgotten_at: float = 0.0
    places: Mapping[int, float] = field(default_factory=dict)


class LocalAttempts:
    """Implements the port AttemptLimiter for one process; `seconds` is a monotonic clock."""

    def __init__(
        self, policy: ThrottlePolicy, seconds: Callable[[], float], *, capacity: int = CAPACITY
    ) -> None:
        """Remember nobody."""
        self._policy = policy
        self._seconds = seconds
        self._buckets: _Memory[_State] = _Memory(capacity)
        self._numbers = count(1)

    async def admit(self, buckets: Sequence[Bucket]) -> Admission:
        """Take a place in every bucket, unless one of them waits or is full."""
        now = self._seconds()
        states = [self._state(bucket, now) for bucket in buckets]
        wait = max(state.closed_until for state in states) - now
        if wait > 0:
            raise LoginThrottled(retry_after_seconds=wait)
        if any(self._is_full(*pair) for pair in zip(buckets, states, strict=True)):
            raise OthersUnderWay
        number = next(self._numbers)
        for bucket, state in zip(buckets, states, strict=True):
            places = {**state.places, number: now + LEASE_SECONDS}
            self._put(bucket, replace(state, places=places), now)
        return Admission(holds=tuple(Hold(bucket=bucket, number=number) for bucket in buckets))

    async def fail(self, admission: Admission) -> int:
        """Give the places up and count a failure in every bucket."""
        now = self._seconds()
        counts = []
        for hold in admission.holds:
            if hold.number in self._state(hold.bucket, now).places:
                self._charge(hold, now)
            counts.append(self._state(hold.bucket, now).failures)
        return counts[0]

    async def succeed(self, admission: Admission) -> None:
        """Give the places up, and forget the account's failures."""
        await self.give_back(admission)
        await self.forget(admission.holds[0].bucket)

    async def give_back(self, admission: Admission) -> None:
        """Give the places up."""
        now = self._seconds()
        for hold in admission.holds:
            self._put(hold.bucket, self._without(hold, now), now)

    async def forget(self, bucket: Bucket) -> None:
        """Forget the failures of a bucket."""
        now = self._seconds()
        self._put(bucket, _State(places=self._state(bucket, now).places), now)

    def _charge(self, hold: Hold, now: float) -> None:
        state = self._without(hold, now)
        failures = state.failures + 1
        wait = self._policy.delays(hold.bucket.kind).seconds(failures)
        closed_until = now + wait if wait else state.closed_until
        charged = replace(state, failures=failures, closed_until=closed_until)
        self._put(hold.bucket, charged, now)

    def _is_full(self, bucket: Bucket, state: _State) -> bool:
        return len(state.places) >= self._policy.delays(bucket.kind).places(state.failures)

    def _state(self, bucket: Bucket, now: float) -> _State:
        found = self._buckets.get(_key(bucket))
        if found is None or now >= found.forgotten_at:
            return _State()
        places = {number: until for number, until in found.places.items() if until > now}
        return replace(found, places=places)

    def _without(self, hold: Hold, now: float) -> _State:
        state = self._state(hold.bucket, now)
        places = {number: end for number, end in state.places.items() if number != hold.number}
        return replace(state, places=places)

    def _put(self, bucket: Bucket, state: _State, now: float) -> None:
        memory = max(LEASE_SECONDS, self._policy.delays(bucket.kind).memory_seconds)
        self._buckets.put(_key(bucket), replace(state, forgotten_at=now + memory))


class LocalRates:
    """Implements the port RateLimiter for one process; `seconds` is a monotonic clock.

    The generic cell rate algorithm (ITU-T I.371): of each client one number is kept, the time at
    which all of its calls would be used up if they came at an even pace.
    """

    def __init__(self, seconds: Callable[[], float], *, capacity: int = CAPACITY) -> None:
        """Remember nobody."""
        self._seconds = seconds
        self._due: _Memory[float] = _Memory(capacity)

    async def take(self, key: str, rate: Rate) -> Allowance:
        """Count a call under a key, unless it is one too many."""
        now = self._seconds()
        interval, window = rate.interval_seconds, rate.window_seconds
        used_up_at = max(self._due.get(key) or now, now)
        ahead = used_up_at + interval - now
        if ahead > window + interval / 1000:  # a thousandth of a call for rounding
            return Allowance(
                is_allowed=False,
                remaining=0,
                retry_after_seconds=ahead - window,
                reset_after_seconds=used_up_at - now,
            )
        self._due.put(key, now + ahead)
        return Allowance(
            is_allowed=True,
            remaining=max(0, int((window - ahead) / interval + 0.001)),
            retry_after_seconds=0.0,
            reset_after_seconds=ahead,
        )


def _key(bucket: Bucket) -> str:
    return f"{bucket.kind.value}.{bucket.digest}"
