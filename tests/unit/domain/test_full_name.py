"""Full names."""

import pytest

from core.domain.errors import ValidationFailed
from core.domain.full_name import MAX_LENGTH, parse_full_name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (None, None),
        ("", None),
        (" \u3000\t", None),
        ("  Ada Byron ", "Ada Byron"),
        ("Jose\u0301", "Jos\u00e9"),
        ("李娜", "李娜"),
        ("प्रिया शर्मा", "प्रिया शर्मा"),
        ("\u0645\u06cc\u200c\u0631\u0636\u0627", "\u0645\u06cc\u200c\u0631\u0636\u0627"),
        ("O'Neill-Smith, Jr.", "O'Neill-Smith, Jr."),
        ("a" * MAX_LENGTH, "a" * MAX_LENGTH),
    ],
)
def test_a_name_is_trimmed_and_normalised(raw: str | None, name: str | None) -> None:
    assert parse_full_name(raw) == name


@pytest.mark.parametrize(
    "raw", ["Ada\x00", "Ada\nByron", "A\x1bda", "A\x7fda", "A\x85da", "A\u2028da", "A\ud800da"]
)
def test_control_characters_and_separators_of_lines_are_refused(raw: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse_full_name(raw, field_name="name")
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("name", "full_name.characters")


def test_a_longer_name_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse_full_name("a" * (MAX_LENGTH + 1))
    assert caught.value.violations[0].rule == "full_name.length"
