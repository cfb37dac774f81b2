"""Passwords: how they are normalised, and which ones are refused."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.domain.errors import Violation
from core.domain.password_forms import is_made_of, is_one_of, is_predictable, letters_and_digits
from core.domain.unicode_text import compatible, folded

MAX_LENGTH = 128
"""Longest password in characters; bounds the work of normalising, comparing and hashing."""

HINT = "four or five words that have nothing to do with each other make a strong one"
"""Said with every refusal: SP 800-63B-4 section 3.1.1.2 asks for guidance, and for the reason."""

_LEAST_PIECE = 4
"""A shorter piece of an address is no word that anybody is known by."""


def normalise(password: str) -> str:
    """Return the form that is hashed: NFKC, so that one password typed on two keyboards is one.

    Source: NIST SP 800-63B-4 section 3.1.1.2 (Unicode normalisation before hashing).
    """
    return compatible(password)


@dataclass(frozen=True, slots=True)
class PasswordRule:
    """One reason to refuse a password: the rule's name, and the sentence that says what is wrong.

    The rule `password.min_length` is the one whose sentence depends on settings.
    """

    name: str
    complaint: str

    def violation(self, field_name: str) -> Violation:
        """Say that a field breaks this rule, and how to do better."""
        return Violation(field_name, self.name, f"{self.complaint}; {HINT}")


TOO_LONG = PasswordRule("password.max_length", f"has more than {MAX_LENGTH} characters")
PREDICTABLE = PasswordRule("password.pattern", "follows from its first few characters")
SERVICE_NAME = PasswordRule("password.service_name", "is the name of the service")
OWN_ADDRESS = PasswordRule("password.own_address", "is the account's own e-mail address")
COMMON = PasswordRule("password.common", "is among the most common passwords")
BREACHED = PasswordRule("password.breached", "is known from a data breach")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Which new passwords are refused without asking any list.

    NIST SP 800-63B-4 section 3.1.1.2: a least length, no rules on which kinds of characters there
    must be, and not what an attacker tries first.
    """

    min_length: int
    service_names: tuple[str, ...] = ()

    def violations(
        self, password: str, *, email: str, field_name: str = "password"
    ) -> tuple[Violation, ...]:
        """Return what speaks against a new password of the account with this address."""
        if len(normalise(password)) > MAX_LENGTH:
            return (TOO_LONG.violation(field_name),)
        return tuple(rule.violation(field_name) for rule in self._broken(password, email))

    def _broken(self, password: str, email: str) -> Iterator[PasswordRule]:
        if len(normalise(password)) < self.min_length:
            complaint = f"needs at least {self.min_length} characters"
            yield PasswordRule("password.min_length", complaint)
        if is_predictable(password):
            yield PREDICTABLE
        if is_made_of(password, _as_words(self.service_names)):
            yield SERVICE_NAME
        if _is_address(password, folded(email)):
            yield OWN_ADDRESS


def _is_address(password: str, email: str) -> bool:
    """Tell whether a password is the address, one of its halves, or a longer word of them.

    The local part counts with and without what stands behind a plus sign.
    """
    local, _, domain = email.rpartition("@")
    halves = (email, local, local.partition("+")[0], domain)
    pieces = (piece for piece in re.split(r"[\W_]+", email) if len(piece) >= _LEAST_PIECE)
    return is_made_of(password, _as_words(halves)) or is_one_of(password, _as_words(pieces))


def _as_words(names: Iterable[str]) -> frozenset[str]:
    return frozenset(letters_and_digits(folded(name)) for name in names) - {""}
