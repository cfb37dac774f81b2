"""PBKDF2 hashes (RFC 8018): Django's strings, PHC strings, and passlib's."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from core.crypto.imported_hash import (
    MALFORMED,
    TOO_COSTLY,
    HashRefused,
    checked_key,
    checked_salt,
    decoded,
)

MOST_BLOCKS = 3_000_000
"""Iterations times blocks of the result. Django asked for 1,000,000 iterations in 2025."""

_DJANGO = re.compile(r"pbkdf2_(sha1|sha256)\$([0-9]{1,9})\$([^$]+)\$([A-Za-z0-9+/=]+)")
_PHC = re.compile(
    r"\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?([0-9]{1,9})(?:,l=([0-9]{1,3}))?"
    r"\$([A-Za-z0-9+/.=]*)\$([A-Za-z0-9+/.=]+)"
)
_DIGEST_BYTES: Mapping[str, int] = MappingProxyType({"sha1": 20, "sha256": 32, "sha512": 64})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pbkdf2Hash:
    """Implements ImportedHash."""

    stored: str = field(repr=False)
    digest: str
    iterations: int
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what one login may not cost."""
        blocks = -(-len(self.key) // _DIGEST_BYTES[self.digest])
        if not 1 <= self.iterations * blocks <= MOST_BLOCKS:
            raise HashRefused(TOO_COSTLY, f"asks for none or more than {MOST_BLOCKS} iterations")

    @property
    def algorithm(self) -> str:
        """See ImportedHash."""
        return f"pbkdf2-{self.digest}"

    @property
    def reach_bytes(self) -> int | None:
        """See ImportedHash."""
        return None

    def matches(self, password: bytes) -> bool:
        """See ImportedHash."""
        made = hashlib.pbkdf2_hmac(
            self.digest, password, self.salt, self.iterations, dklen=len(self.key)
        )
        return hmac.compare_digest(made, self.key)


def read_pbkdf2(text: str) -> Pbkdf2Hash | None:
    """Read a hash; None where it is no PBKDF2 hash.

    Raises:
        HashRefused: it is one, but damaged or too costly.
    """
    if text.startswith("pbkdf2_"):
        return _read_django(text)
    return _read_phc(text) if text.startswith("$pbkdf2") else None


def _read_django(text: str) -> Pbkdf2Hash:
    form = _DJANGO.fullmatch(text)
    if form is None:
        raise HashRefused(MALFORMED, "is no PBKDF2 hash as Django writes them")
    return Pbkdf2Hash(
        stored=text,
        digest=form[1],
        iterations=int(form[2]),
        salt=checked_salt(form[3].encode()),
        key=checked_key(decoded(form[4])),
    )


def _read_phc(text: str) -> Pbkdf2Hash:
    form = _PHC.fullmatch(text)
    if form is None:
        raise HashRefused(MALFORMED, "is no PBKDF2 hash in PHC string format")
    key = checked_key(decoded(form[5]))
    if form[3] is not None and int(form[3]) != len(key):
        raise HashRefused(MALFORMED, "has a result of another length than it says")
    return Pbkdf2Hash(
        stored=text,
        # passlib's `$pbkdf2$` names no digest and means SHA-1.
        digest=form[1] or "sha1",
        iterations=int(form[2]),
        salt=checked_salt(decoded(form[4])),
        key=key,
    )
