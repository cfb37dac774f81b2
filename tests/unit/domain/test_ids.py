"""UUID version 7."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

moments = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)
randomness = st.binary(min_size=10, max_size=10)


def test_the_example_of_the_rfc_comes_out() -> None:
    """RFC 9562, appendix A.6."""
    moment = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    made = uuid7(moment, bytes.fromhex("0cc318c4dc0c0c07398f"))
    assert made == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(moments, randomness)
def test_time_version_and_variant_are_where_the_rfc_puts_them(
    moment: datetime, chance: bytes
) -> None:
    made = uuid7(moment, chance)
    assert made.version == 7
    assert made.variant == RFC_4122
    assert made.int >> 80 == (moment - EPOCH) // timedelta(milliseconds=1)


@given(moments, randomness, randomness)
def test_a_later_millisecond_sorts_later(moment: datetime, one: bytes, other: bytes) -> None:
    assert uuid7(moment, one) < uuid7(moment + timedelta(milliseconds=1), other)


@given(randomness, randomness)
def test_74_bits_of_randomness_make_the_difference(one: bytes, other: bytes) -> None:
    def used(chance: bytes) -> tuple[int, int]:
        first = int.from_bytes(chance[:2], "big") % (1 << 12)
        return first, int.from_bytes(chance[2:], "big") % (1 << 62)

    assert (uuid7(EPOCH, one) == uuid7(EPOCH, other)) == (used(one) == used(other))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        uuid7(datetime(2026, 1, 1), bytes(10))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("length", [0, 9, 11])
def test_any_other_amount_of_randomness_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(EPOCH, bytes(length))


def test_a_time_before_1970_is_refused() -> None:
    with pytest.raises(ValueError, match="48 bits"):
        uuid7(EPOCH - timedelta(milliseconds=1), bytes(10))
