"""bcrypt hashes: `$2a$`, `$2b$`, `$2y$`, and Django's two ways of writing them."""

import hashlib
import re
from dataclasses import dataclass, field

import bcrypt

from core.crypto.imported_hash import MALFORMED, TOO_COSTLY, HashRefused

REACH_BYTES = 72
"""bcrypt reads so much of a password and silently ignores the rest (Provos and Mazières, 1999)."""
LEAST_ROUNDS, MOST_ROUNDS = 4, 14
"""Base-2 logarithms of the cost; 14 takes about 1.3 s on the machine that this was measured on."""

_FORM = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}", re.ASCII)
_DJANGO_PLAIN = "bcrypt$"
_DJANGO_SHA256 = "bcrypt_sha256$"

# `$2x$` marks hashes of an implementation that was wrong for bytes above 127; it is not accepted.


@dataclass(frozen=True, slots=True, kw_only=True)
class BcryptHash:
    """Implements ImportedHash; `prehashed` is Django's bcrypt_sha256, which reads everything."""

    stored: str = field(repr=False)
    modular: bytes = field(repr=False)
    prehashed: bool

    @property
    def algorithm(self) -> str:
        """See ImportedHash."""
        return "bcrypt-sha256" if self.prehashed else "bcrypt"

    @property
    def reach_bytes(self) -> int | None:
        """See ImportedHash."""
        return None if self.prehashed else REACH_BYTES

    def matches(self, password: bytes) -> bool:
        """See ImportedHash."""
        secret = hashlib.sha256(password).hexdigest().encode() if self.prehashed else password
        try:
            right = bcrypt.checkpw(secret, self.modular)
        except ValueError as error:
            raise HashRefused(MALFORMED, "is no bcrypt hash") from error
        # bcrypt ends a password with a zero byte and begins it again: one that holds such a byte
        # can be another password in disguise.
        return right and b"\0" not in secret


def read_bcrypt(text: str) -> BcryptHash | None:
    """Read a hash; None where it is no bcrypt hash.

    Raises:
        HashRefused: it is one, but damaged or too costly.
    """
    prehashed = text.startswith(_DJANGO_SHA256)
    modular = text.removeprefix(_DJANGO_SHA256).removeprefix(_DJANGO_PLAIN)
    if not modular.startswith("$2"):
        return None
    form = _FORM.fullmatch(modular)
    if form is None:
        raise HashRefused(MALFORMED, "is no bcrypt hash of the kinds 2a, 2b and 2y")
    if not LEAST_ROUNDS <= int(form[1]) <= MOST_ROUNDS:
        raise HashRefused(
            TOO_COSTLY, f"has a bcrypt cost that is not {LEAST_ROUNDS} to {MOST_ROUNDS}"
        )
    stored = text if prehashed else modular
    return BcryptHash(stored=stored, modular=modular.encode("ascii"), prehashed=prehashed)
