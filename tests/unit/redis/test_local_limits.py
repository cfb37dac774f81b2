"""What is particular to limits inside one process: they must not eat its memory."""

from core.domain.rate_limit import Rate
from core.domain.throttling import Bucket, BucketKind
from core.redis.local import LocalAttempts, LocalRates
from tests.fakes.world import THROTTLE


async def test_of_too_many_clients_the_longest_unseen_are_forgotten() -> None:
    rates = LocalRates(lambda: 0.0, capacity=3)
    one = Rate(calls=1, window_seconds=60)
    for key in ("a", "b", "c"):
        assert (await rates.take(key, one)).is_allowed
    assert not (await rates.take("a", one)).is_allowed
    assert (await rates.take("d", one)).is_allowed
    assert (await rates.take("a", one)).is_allowed
    assert not (await rates.take("d", one)).is_allowed


async def test_of_too_many_accounts_the_longest_untouched_are_forgotten() -> None:
    attempts = LocalAttempts(THROTTLE, lambda: 0.0, capacity=2)
    buckets = [Bucket(kind=BucketKind.ACCOUNT, digest=str(number)) for number in range(3)]
    for bucket in buckets:
        await attempts.fail(await attempts.admit([bucket]))
    assert await attempts.fail(await attempts.admit([buckets[2]])) == 2
    assert await attempts.fail(await attempts.admit([buckets[0]])) == 1
