"""Salts are remembered for a while, and never more of them than there is room for."""

from uuid import UUID

import pytest

from core.postgres.salt_cache import SaltCache

ADA, BOB, EVE = (UUID(int=number) for number in range(3))
SALT, OTHER = b"a" * 32, b"b" * 32


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_salt_is_known_until_its_time_is_over() -> None:
    time = Time()
    cache = SaltCache(lifetime_seconds=300, monotonic=time)
    cache.put(ADA, SALT)
    time.now += 299
    assert cache.get(ADA) == SALT
    time.now += 1
    with pytest.raises(KeyError):
        cache.get(ADA)
    assert len(cache) == 0


def test_to_be_used_does_not_prolong_it_but_to_be_read_again_does() -> None:
    time = Time()
    cache = SaltCache(lifetime_seconds=300, monotonic=time)
    cache.put(ADA, SALT)
    cache.put(BOB, SALT)
    time.now += 200
    assert cache.get(ADA) == SALT
    cache.put(BOB, SALT)
    time.now += 200
    with pytest.raises(KeyError):
        cache.get(ADA)
    assert cache.get(BOB) == SALT


def test_that_a_salt_is_gone_is_known_as_well() -> None:
    cache = SaltCache()
    cache.put(ADA, SALT)
    cache.put(ADA, None)
    assert cache.get(ADA) is None


def test_whoever_was_met_the_longest_ago_makes_room() -> None:
    cache = SaltCache(capacity=2)
    for person in (ADA, BOB, ADA, EVE):
        cache.put(person, OTHER if person == EVE else SALT)
    assert len(cache) == 2
    assert (cache.get(ADA), cache.get(EVE)) == (SALT, OTHER)
    with pytest.raises(KeyError):
        cache.get(BOB)
