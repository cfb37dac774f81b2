"""RE2's patterns in the words of ECMA-262: the same texts match."""

import re

import pytest

from gateway.openapi.patterns import UnsupportedPatternError, literal, to_ecma


@pytest.mark.parametrize(
    ("re2", "ecma"),
    [
        ("^[0-9]{6}$", "^[0-9]{6}$"),
        (r"^\d+$", "^[0-9]+$"),
        (r"\w", "[0-9A-Za-z_]"),
        (r"[\w-]", "[0-9A-Za-z_-]"),
        (r"^\s*$", r"^[\t\n\f\r ]*$"),
        (r"[^\s@\x00-\x1f]", r"[^\t\n\f\r @\x00-\x1f]"),
        (r"\S", r"[^\t\n\f\r ]"),
        ("a.c", r"a[^\n]c"),
        ("[.]", "[.]"),
        (r"\.", r"\."),
        (r"\@\-", "@-"),
        (r"[a\-z]", r"[a\-z]"),
        (r"\x{1F600}", r"\u{1F600}"),
        (r"(?P<name>a)(?:b)", "(?<name>a)(?:b)"),
        (r"\Aa\z", "^a$"),
        (r"\a", r"\x07"),
        ("[[a]", r"[\[a]"),
    ],
)
def test_translates(re2: str, ecma: str) -> None:
    assert to_ecma(re2) == ecma


@pytest.mark.parametrize("re2", ["(?i)a", r"\pL", "[[:alpha:]]", r"[\S]", r"\Qa\E", r"\C"])
def test_says_what_it_cannot_translate(re2: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        to_ecma(re2)


def test_white_space_is_ascii_as_in_re2() -> None:
    assert re.fullmatch(to_ecma(r"\s"), " ")
    assert not re.fullmatch(to_ecma(r"\s"), "\u00a0")
    assert not re.fullmatch(to_ecma(r"\s"), "\v")


def test_a_literal_matches_itself_alone() -> None:
    text = r"a.b*(c)[d]{e}|^$\/+?"
    assert re.fullmatch(literal(text), text)
    assert not re.fullmatch(literal("a.b"), "axb")
