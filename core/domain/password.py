"""Passwords: how they are normalised, and which ones are refused."""

import unicodedata
from dataclasses import dataclass

from core.domain.errors import PasswordTooWeak, Violation

MAX_LENGTH = 128
"""Longest password in characters; bounds the work of normalising and hashing."""


def normalise(password: str) -> str:
    """Return the form that is hashed: NFKC, so that one password typed on two keyboards is one.

    Source: NIST SP 800-63B-4 section 3.1.1.2 (Unicode normalisation before hashing).
    """
    return unicodedata.normalize("NFKC", password)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Which new passwords are refused. Length alone: NIST advises against composition rules."""

    min_length: int

    def check(self, password: str, *, field: str = "password") -> None:
        """Let a new password pass or refuse it.

        Raises:
            PasswordTooWeak: it has fewer than `min_length` or more than 128 characters.
        """
        length = len(normalise(password))
        if length < self.min_length:
            message = f"needs at least {self.min_length} characters"
            raise PasswordTooWeak(Violation(field, "password.min_length", message))
        if length > MAX_LENGTH:
            message = f"has more than {MAX_LENGTH} characters"
            raise PasswordTooWeak(Violation(field, "password.max_length", message))
