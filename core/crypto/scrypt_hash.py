"""scrypt hashes (RFC 7914): Django's strings and PHC strings."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from core.crypto.imported_hash import (
    MALFORMED,
    TOO_COSTLY,
    HashRefused,
    checked_key,
    checked_salt,
    decoded,
)

MOST_WORK = 2**20
"""N times r times p, and with it 128 MiB: memory is 128 bytes times N times r. OWASP's most costly
recommendation needs as much, N = 2^17 with r = 8; 0.65 s on the machine where it was measured."""

_BLOCK_BYTES = 128
_DJANGO = re.compile(
    r"scrypt\$([0-9]{1,9})\$([^$]+)\$([0-9]{1,4})\$([0-9]{1,4})\$([A-Za-z0-9+/=]+)"
)
_PHC = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,4}),p=([0-9]{1,4})"
    r"\$([A-Za-z0-9+/.=]*)\$([A-Za-z0-9+/.=]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptHash:
    """Implements ImportedHash; `n`, `r` and `p` are the RFC's cost, block size and parallelism."""

    stored: str = field(repr=False)
    n: int
    r: int
    p: int
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what the RFC forbids (section 6), and what one login may not cost."""
        power_of_two = self.n > 1 and self.n & (self.n - 1) == 0
        if not power_of_two or self.r < 1 or self.p < 1 or self.n.bit_length() > 16 * self.r:
            raise HashRefused(MALFORMED, "has scrypt parameters that contradict RFC 7914")
        if self.n * self.r * self.p > MOST_WORK:
            raise HashRefused(TOO_COSTLY, "asks for more memory or work than one login may cost")

    @property
    def algorithm(self) -> str:
        """See ImportedHash."""
        return "scrypt"

    @property
    def reach_bytes(self) -> int | None:
        """See ImportedHash."""
        return None

    def matches(self, password: bytes) -> bool:
        """See ImportedHash."""
        # OpenSSL counts its working blocks into the memory that it may take.
        most = _BLOCK_BYTES * self.r * (self.n + self.p + 2) + 1024
        length = len(self.key)
        made = hashlib.scrypt(
            password, salt=self.salt, n=self.n, r=self.r, p=self.p, maxmem=most, dklen=length
        )
        return hmac.compare_digest(made, self.key)


def read_scrypt(text: str) -> ScryptHash | None:
    """Read a hash; None where it is no scrypt hash.

    Raises:
        HashRefused: it is one, but damaged or too costly.
    """
    if text.startswith("scrypt$"):
        return _read_django(text)
    return _read_phc(text) if text.startswith("$scrypt$") else None


def _read_django(text: str) -> ScryptHash:
    form = _DJANGO.fullmatch(text)
    if form is None:
        raise HashRefused(MALFORMED, "is no scrypt hash as Django writes them")
    return ScryptHash(
        stored=text,
        n=int(form[1]),
        r=int(form[3]),
        p=int(form[4]),
        salt=checked_salt(form[2].encode()),
        key=checked_key(decoded(form[5])),
    )


def _read_phc(text: str) -> ScryptHash:
    form = _PHC.fullmatch(text)
    if form is None:
        raise HashRefused(MALFORMED, "is no scrypt hash in PHC string format")
    return ScryptHash(
        stored=text,
        n=2 ** int(form[1]),
        r=int(form[2]),
        p=int(form[3]),
        salt=checked_salt(decoded(form[4])),
        key=checked_key(decoded(form[5])),
    )
