"""Full names: any script, one line."""

import unicodedata

from core.domain.errors import ValidationFailed, Violation

MAX_LENGTH = 200
"""Longest full name in characters."""

_NEVER_IN_A_NAME = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of control characters, lone surrogates, and separators of lines."""


def parse_full_name(raw: str | None, *, field_name: str = "full_name") -> str | None:
    """Trim, normalise (NFC) and check a full name; None and blank both mean that there is none.

    Raises:
        ValidationFailed: it is longer than 200 characters, or holds control characters.
    """
    text = unicodedata.normalize("NFC", (raw or "").strip())
    if any(unicodedata.category(character) in _NEVER_IN_A_NAME for character in text):
        message = "must not hold control characters"
        raise ValidationFailed(Violation(field_name, "full_name.characters", message))
    if len(text) > MAX_LENGTH:
        message = f"is longer than {MAX_LENGTH} characters"
        raise ValidationFailed(Violation(field_name, "full_name.length", message))
    return text or None
