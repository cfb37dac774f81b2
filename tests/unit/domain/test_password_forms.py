"""The disguises that a well-known password comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.password_forms import forms, is_one_of, is_predictable
from core.domain.unicode_text import folded


@pytest.mark.parametrize(
    "password",
    [
        "sunshine",
        "SUNSHINE",
        "Sun-Shine",
        "s.u.n.s.h.i.n.e",
        "sunshinesunshine",
        "sunshine sunshine sunshine",
        "sunshinesunshinesun",
        "Sunshine2026",
        "sunshine!",
        "1985sunshine1985",
        "12345678sunshine",
        "sunshine1234567890",
        "sunshine!!!!!!!!!!!!!!!!!!",
        "sunshine-sunshine-99",
        "2026/SunshineSunshine/2026",
        "\uff53\uff55\uff4e\uff53\uff48\uff49\uff4e\uff45",
    ],
)
def test_a_disguise_is_seen_through(password: str) -> None:
    assert is_one_of(password, {"sunshine"})


@pytest.mark.parametrize(
    "password",
    [
        "sunshine on my shoulders",
        "my sunshine",
        "sunshines",
        "sunshine839201746",
        "sunshine-k9x!vq2z",
        "",
    ],
)
def test_a_password_that_holds_a_known_one_is_another(password: str) -> None:
    assert not is_one_of(password, {"sunshine"})


def test_a_listed_password_with_signs_of_its_own_is_found_as_it_stands() -> None:
    assert is_one_of("P@ssw0rd", {"p@ssw0rd"})
    assert is_one_of("P@ssw0rd!2026", {"p@ssw0rd"})


def test_nothing_has_no_form() -> None:
    assert forms("") == frozenset()


@given(st.text(min_size=1, max_size=128))
def test_the_whole_password_is_one_of_its_forms_and_none_is_longer(password: str) -> None:
    whole = folded(password)
    assert whole in forms(password)
    assert all(0 < len(form) <= len(whole) for form in forms(password))


@given(st.text(alphabet="abAB1 -", max_size=40))
def test_the_forms_of_a_form_are_forms(password: str) -> None:
    every = forms(password)
    assert all(forms(form) <= every for form in every)


@given(st.text(alphabet="abcdefgh", min_size=1, max_size=7), st.integers(2, 9))
def test_whatever_repeats_a_little_is_predictable(piece: str, times: int) -> None:
    repeated = piece * times
    assert is_predictable(repeated) or len(repeated) < 8


@given(st.text(alphabet="abcdefghijklmnop", min_size=8, max_size=30))
def test_repeating_keeps_what_was_repeated_among_the_forms(piece: str) -> None:
    assert piece in forms(piece * 2) or forms(piece * 2) & forms(piece)
