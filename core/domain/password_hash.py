"""Password hashes, as far as the domain has to know them: what a comparison has found."""

from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a presented password compares with a stored hash.

    `CUT` is right as far as the hash reaches: bcrypt reads 72 bytes, the password has more, and
    what comes after them may be anything. Nobody is let in by it.
    """

    RIGHT = "right"
    WRONG = "wrong"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedHash:
    """A hash that was made elsewhere, in the form in which it is stored here."""

    algorithm: str
    stored: str = field(repr=False)
