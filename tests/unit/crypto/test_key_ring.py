"""One key follows another without a token being lost."""

import base64
from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core.crypto.key_ring import KeyRing, KeySetRefused
from core.domain.errors import DependencyUnavailable
from tests.fakes.clock import START, FakeClock
from tests.unit.crypto.keys import Key

HOUR = timedelta(hours=1)
OLD = Key(kid="old", signs_from=START - HOUR, expires_at=START + 2 * HOUR)
NEW = Key(kid="new", signs_from=START + HOUR)


def kids(ring: KeyRing) -> Sequence[str]:
    return [key.kid for key in ring.public_keys()]


def test_a_new_key_is_published_at_once_and_signs_when_its_time_has_come() -> None:
    clock = FakeClock()
    ring = KeyRing([OLD, NEW], clock=clock)
    assert kids(ring) == ["old", "new"]
    assert ring.signer().kid == "old"
    clock.advance(HOUR.total_seconds())
    assert ring.signer().kid == "new"


def test_an_old_key_verifies_until_it_expires() -> None:
    clock = FakeClock(START + HOUR)
    ring = KeyRing([OLD, NEW], clock=clock)
    assert ring.verifier("old") is not None
    clock.advance(HOUR.total_seconds())
    assert ring.verifier("old") is None
    assert kids(ring) == ["new"]


def test_a_key_verifies_before_it_signs_here() -> None:
    """Another replica's clock may be ahead, and sign with it already."""
    assert KeyRing([OLD, NEW], clock=FakeClock()).verifier("new") is not None


def test_the_order_in_which_keys_are_given_does_not_matter() -> None:
    clock = FakeClock(START + HOUR)
    assert KeyRing([NEW, OLD], clock=clock).signer().kid == "new"
    assert KeyRing([OLD, NEW], clock=clock).signer().kid == "new"


def test_replicas_agree_on_one_of_two_keys_of_the_same_time() -> None:
    one, other = Key(kid="a"), Key(kid="b")
    assert KeyRing([one, other], clock=FakeClock()).signer().kid == "b"
    assert KeyRing([other, one], clock=FakeClock()).signer().kid == "b"


def test_new_keys_take_the_place_of_the_old_ones() -> None:
    ring = KeyRing([OLD], clock=FakeClock())
    ring.replace([Key(kid="fresh")])
    assert ring.signer().kid == "fresh"
    assert ring.verifier("old") is None


@pytest.mark.parametrize(
    "keys",
    [[], [NEW], [Key(kid="gone", expires_at=START)], [Key(kid="twin"), Key(kid="twin")]],
    ids=["none", "none that signs yet", "none still valid", "one kid twice"],
)
def test_a_set_that_cannot_be_used_is_refused_and_the_old_one_stays(keys: list[Key]) -> None:
    ring = KeyRing([OLD], clock=FakeClock())
    with pytest.raises(KeySetRefused):
        ring.replace(keys)
    assert ring.signer().kid == "old"
    assert kids(ring) == ["old"]


def test_signing_stops_when_every_key_has_expired() -> None:
    clock = FakeClock()
    ring = KeyRing([OLD], clock=clock)
    clock.advance(2 * HOUR.total_seconds())
    with pytest.raises(DependencyUnavailable):
        ring.signer()


def test_the_age_of_the_signing_key_begins_anew_with_the_next_one() -> None:
    clock = FakeClock()
    ring = KeyRing([OLD, NEW], clock=clock)
    assert ring.signer_age_seconds() == HOUR.total_seconds()
    clock.advance(HOUR.total_seconds() + 60)
    assert ring.signer_age_seconds() == 60


def test_coordinates_are_32_bytes_even_with_leading_zeros() -> None:
    private_key = ec.derive_private_key(_scalar_with_short_x(), ec.SECP256R1())
    (key,) = KeyRing([Key(private_key=private_key)], clock=FakeClock()).public_keys()
    x, y = (base64.urlsafe_b64decode(value + "=") for value in (key.x, key.y))
    assert len(x) == len(y) == 32
    assert x[0] == 0
    assert "=" not in key.x + key.y
    numbers = private_key.public_key().public_numbers()
    assert int.from_bytes(x, "big") == numbers.x
    assert int.from_bytes(y, "big") == numbers.y


def _scalar_with_short_x() -> int:
    """Find a key whose x begins with a zero byte, as one in 256 does."""
    for scalar in range(1, 10_000):
        numbers = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
        if numbers.x < 1 << 248:
            return scalar
    raise AssertionError("no such key among the first 10,000")
