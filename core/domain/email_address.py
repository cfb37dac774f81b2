"""E-mail addresses: kept as they were written, compared without regard to letter case."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Self

from core.domain.errors import ValidationFailed, Violation

MAX_LENGTH = 254
"""Longest address in characters (RFC 5321 section 4.5.3.1.3, as erratum 1690 reads it)."""

_MAX_LOCAL_PART_LENGTH = 64
_SHAPE = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address in NFC without white space around it."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, raw: str, *, field_name: str = "email") -> Self:
        """Trim, normalise and check an address as a person typed it.

        Raises:
            ValidationFailed: it has not the shape `local@domain`, or is too long.
        """
        text = unicodedata.normalize("NFC", raw.strip())
        local_part, _, _ = text.partition("@")
        if not _SHAPE.fullmatch(text):
            raise ValidationFailed(Violation(field_name, "email.shape", "is not an e-mail address"))
        if len(text) > MAX_LENGTH or len(local_part) > _MAX_LOCAL_PART_LENGTH:
            message = f"is longer than {MAX_LENGTH} characters in all"
            raise ValidationFailed(Violation(field_name, "email.length", message))
        return cls(text)

    @property
    def key(self) -> str:
        """The form under which two spellings of one address are equal."""
        return email_key(self.text)


NOBODY_S_KEY = ""
"""Looked up in place of what is no address, so that such an attempt costs the same work."""


def presented_key(raw: str) -> str:
    """Return the key of an address that somebody presents; of what is none, a key nobody has.

    A violation would tell that the address was not even looked for.
    """
    try:
        return EmailAddress.parse(raw).key
    except ValidationFailed:
        return NOBODY_S_KEY


def email_key(text: str) -> str:
    """Return the comparison form of an address: trimmed, case-folded, NFC."""
    folded = unicodedata.normalize("NFC", text.strip()).casefold()
    return unicodedata.normalize("NFC", folded)
