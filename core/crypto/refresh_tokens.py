"""Refresh tokens: random, opaque, stored as digests only."""

import hashlib
import secrets
from collections.abc import Callable

from core.crypto import base64url

PREFIX = "prt_"
"""Begins every refresh token, so that log redaction and secret scanners know one."""

_RANDOM_BYTES = 32


class RandomRefreshTokens:
    """Implements the port RefreshTokenMint. `randomness` returns as many bytes as it is asked."""

    def __init__(self, *, randomness: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._randomness = randomness

    def new(self) -> str:
        """Return `prt_` and 256 random bits as base64url."""
        return PREFIX + base64url.encode(self._randomness(_RANDOM_BYTES))

    def digest(self, token: str) -> str:
        """Return the lower-case hex SHA-256 of a token, or of anything presented as one.

        A plain digest is enough: what has 256 random bits cannot be found by trying.
        """
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
