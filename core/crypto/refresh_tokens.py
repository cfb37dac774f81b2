"""Refresh tokens: the first of a session is random, each other one follows from the one before.

With the key the successor of a token can be computed again whenever that token is presented, so
that a replay gets the same answer although nothing but digests is stored.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence

from core.crypto import base64url

PREFIX = "prt_"
"""Begins every refresh token, so that log redaction and secret scanners know one."""

_RANDOM_BYTES = 32
_MIN_KEY_BYTES = 32
_DERIVATION = b"pandora refresh token 1: successor"
_MARK = "pandora refresh token 1: mark of "


class ChainedRefreshTokens:
    """Implements the port RefreshTokenMint with HMAC-SHA256 (RFC 2104).

    The first key derives. The others are those that derived before, or are about to: what they
    led to is still found. `randomness` returns as many bytes as it is asked.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        *,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Take the first keys.

        Raises:
            ValueError: see `replace`.
        """
        self._randomness = randomness
        self._keys: tuple[bytes, ...] = ()
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Use these keys from now on.

        Raises:
            ValueError: there is none, or one is shorter than 32 bytes; the old ones stay in use.
        """
        if not keys or any(len(key) < _MIN_KEY_BYTES for key in keys):
            raise ValueError(f"refresh tokens need keys of {_MIN_KEY_BYTES} bytes")
        # Another key for another purpose, so that no other use of the secret can meet this one.
        self._keys = tuple(hmac.digest(key, _DERIVATION, hashlib.sha256) for key in keys)

    def new(self) -> str:
        """Return `prt_` and 256 random bits as base64url."""
        return _token(self._randomness(_RANDOM_BYTES))

    def digest(self, token: str) -> str:
        """Return the lower-case hex SHA-256 of a token, or of anything presented as one.

        A plain digest is enough: what has 256 random bits cannot be found by trying.
        """
        return hashlib.sha256(_octets(token)).hexdigest()

    def successor(self, token: str) -> str:
        """Return `prt_` and the HMAC of the token as base64url."""
        return _derived(self._keys[0], token)

    def recover_successor(self, token: str, digest: str) -> str | None:
        """Try every key, and believe the digest alone."""
        candidates = (_derived(key, token) for key in self._keys)
        return next((one for one in candidates if self.digest(one) == digest), None)

    def mark(self, token: str, purpose: str, content: str) -> str:
        """Return the HMAC of purpose and content under the token itself.

        No key of the service is in it: a mark is as good after a change of keys as before.
        """
        message = _octets(f"{_MARK}{purpose}\0{content}")
        return hmac.digest(_octets(token), message, hashlib.sha256).hex()


def _derived(key: bytes, token: str) -> str:
    return _token(hmac.digest(key, _octets(token), hashlib.sha256))


def _token(octets: bytes) -> str:
    return PREFIX + base64url.encode(octets)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
