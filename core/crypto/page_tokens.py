"""Page tokens: encrypted and authenticated, and bound to the filters of their list."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

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
    constant time; it needs no nonce, so that one position has one token.

    The first key seals. The others are those that sealed before, or are about to: what they sealed
    is still opened.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the first keys.

        Raises:
            ValueError: see `replace`.
        """
        self._ciphers: tuple[AESSIV, ...] = ()
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Use these keys from now on.

        Raises:
            ValueError: there is none, or one is shorter than 32 bytes; the old ones stay in use.
        """
        if not keys or any(len(key) < _MIN_KEY_BYTES for key in keys):
            raise ValueError(f"page tokens need keys of {_MIN_KEY_BYTES} bytes")
        # AES-256-SIV takes two keys, one for the MAC and one for the cipher.
        self._ciphers = tuple(AESSIV(hmac.digest(key, _VERSION, hashlib.sha512)) for key in keys)

    def encode(self, position: str, filters: Mapping[str, str]) -> str:
        """See the port."""
        if not position:
            raise ValueError("a page starts after a position")
        return base64url.encode(self._ciphers[0].encrypt(position.encode(), _context(filters)))

    def decode(self, token: str, filters: Mapping[str, str]) -> str:
        """See the port."""
        if len(token) > MAX_LENGTH:
            raise PageTokenInvalid
        try:
            return self._opened(base64url.decode(token), _context(filters)).decode()
        except (ValueError, InvalidTag) as error:
            raise PageTokenInvalid from error

    def _opened(self, sealed: bytes, context: list[bytes]) -> bytes:
        *former, last = self._ciphers
        for cipher in former:
            with suppress(InvalidTag):
                return cipher.decrypt(sealed, context)
        return last.decrypt(sealed, context)


def _context(filters: Mapping[str, str]) -> list[bytes]:
    return [_VERSION, json.dumps(dict(filters), sort_keys=True).encode()]
