"""Values as keyed digests: what is noted of an original on a disk tells nobody what it was."""

import hashlib
from typing import Final

DIGEST_BYTES: Final = 16
"""Two values of 2^64 look alike by chance; none of so many is ever met."""

PARTS: Final = 256
"""By a digest's first byte."""


class Digests:
    """BLAKE2b (RFC 7693) under a key that one scan makes and that is never written anywhere."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 16 bytes or more."""
        self._keyed = hashlib.blake2b(digest_size=DIGEST_BYTES, key=key)

    def digest(self, value: str) -> bytes:
        """Return the digest of a value in its form for comparing."""
        state = self._keyed.copy()
        state.update(value.encode("utf-8", "surrogatepass"))
        return state.digest()
