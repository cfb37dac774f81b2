"""Page tokens: encrypted and authenticated, and bound to the filters of their list."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from core.crypto import base64url
from core.domain.errors import PageTokenInvalid

MAX_LENGTH = 2048
"""Longest token that is looked at, in characters."""

_VERSION = b"page-token 1"
_MIN_KEY_BYTES = 32


class SealedPageTokens:
    """Implements the port PageTokenCodec with AES-SIV (RFC 5297).

    The synthetic IV is a MAC over version, filters and position, which the library compares in
    constant time; it needs no nonce, so that one position has one token. `key` has 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _MIN_KEY_BYTES:
            raise ValueError(f"the page-token key needs {_MIN_KEY_BYTES} bytes")
        # AES-256-SIV takes two keys, one for the MAC and one for the cipher.
        self._cipher = AESSIV(hmac.digest(key, _VERSION, hashlib.sha512))

    def encode(self, position: str, filters: Mapping[str, str]) -> str:
        """See the port."""
        if not position:
            raise ValueError("a page starts after a position")
        return base64url.encode(self._cipher.encrypt(position.encode(), _context(filters)))

    def decode(self, token: str, filters: Mapping[str, str]) -> str:
        """See the port."""
        if len(token) > MAX_LENGTH:
            raise PageTokenInvalid
        try:
            return self._cipher.decrypt(base64url.decode(token), _context(filters)).decode()
        except (ValueError, InvalidTag) as error:
            raise PageTokenInvalid from error


def _context(filters: Mapping[str, str]) -> list[bytes]:
    return [_VERSION, json.dumps(dict(filters), sort_keys=True).encode()]
