"""One-time tokens: each follows from its id, so that a mail row need not hold one."""

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from core.crypto import base64url
from core.domain.one_time_token import TokenPurpose

PREFIX = "pot_"
"""Begins every one-time token, so that log redaction and secret scanners know one."""

_MIN_KEY_BYTES = 32
_DERIVATION = b"pandora one-time token 1: "


class DerivedOneTimeTokens:
    """Implements the port OneTimeTokenMint with HMAC-SHA256 (RFC 2104).

    The first key derives. The others are those that derived before, or are about to: what they
    led to is still found.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the first keys.

        Raises:
            ValueError: see `replace`.
        """
        self._keys: tuple[bytes, ...] = ()
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Use these keys from now on.

        Raises:
            ValueError: there is none, or one is shorter than 32 bytes; the old ones stay in use.
        """
        if not keys or any(len(key) < _MIN_KEY_BYTES for key in keys):
            raise ValueError(f"one-time tokens need keys of {_MIN_KEY_BYTES} bytes")
        self._keys = tuple(keys)

    def derive(self, token_id: UUID, purpose: TokenPurpose) -> str:
        """Return `pot_` and, as base64url, the id and the HMAC of purpose and id."""
        return _derived(self._keys[0], token_id, purpose)

    def digest(self, token: str) -> str:
        """Return the lower-case hex SHA-256 of a token, or of anything presented as one.

        A plain digest is enough: an HMAC of 256 bits cannot be found by trying.
        """
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

    def recover(self, token_id: UUID, purpose: TokenPurpose, digest: str) -> str | None:
        """Try every key, and believe the digest alone."""
        candidates = (_derived(key, token_id, purpose) for key in self._keys)
        return next((one for one in candidates if self.digest(one) == digest), None)


def _derived(key: bytes, token_id: UUID, purpose: TokenPurpose) -> str:
    # The id has a fixed length, so no two pairs of purpose and id give one message.
    message = _DERIVATION + purpose.value.encode() + token_id.bytes
    proof = hmac.digest(key, message, hashlib.sha256)
    return PREFIX + base64url.encode(token_id.bytes + proof)
