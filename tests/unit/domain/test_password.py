"""The password policy."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import PasswordTooWeak
from core.domain.password import MAX_LENGTH, PasswordPolicy, normalise

POLICY = PasswordPolicy(min_length=15)


@pytest.mark.parametrize("length", [15, 16, MAX_LENGTH])
def test_length_is_enough(length: int) -> None:
    POLICY.check("a" * length)


@pytest.mark.parametrize(
    ("length", "rule"),
    [
        (0, "password.min_length"),
        (14, "password.min_length"),
        (MAX_LENGTH + 1, "password.max_length"),
    ],
)
def test_too_short_and_too_long_are_refused_by_name(length: int, rule: str) -> None:
    with pytest.raises(PasswordTooWeak) as caught:
        POLICY.check("s" * length, field="new_password")
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("new_password", rule)


def test_the_least_length_is_configured() -> None:
    PasswordPolicy(min_length=8).check("12345678")
    with pytest.raises(PasswordTooWeak):
        PasswordPolicy(min_length=9).check("12345678")


def test_characters_are_counted_after_normalising() -> None:
    decomposed = "e\u0301" * 8
    assert len(decomposed) == 16
    with pytest.raises(PasswordTooWeak):
        POLICY.check(decomposed)
    POLICY.check("e\u0301" * 15)
    POLICY.check("\U0001f512" * 15)


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    assert normalise("pa\u017f\u017fword") == normalise("password")
    assert normalise("cafe\u0301") == normalise("caf\u00e9")
    assert normalise("\uff50\uff57") == normalise("pw")
    assert normalise("Password") != normalise("password")


def test_white_space_counts_and_stays() -> None:
    assert normalise("  two  words  ") == "  two  words  "


@given(st.text(max_size=40))
def test_normalising_twice_is_normalising_once(password: str) -> None:
    once = normalise(password)
    assert normalise(once) == once
    assert normalise(unicodedata.normalize("NFD", password)) == once
