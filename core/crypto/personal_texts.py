"""Personal texts: encrypted with a key that takes both Vault and the person's row to compute."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.crypto import base64url
from core.domain.personal_key import SALT_BYTES, SealBroken, TextPlace

PERSONS: Final = "p1."
"""Begins what is sealed with the key of one person."""

NOBODYS: Final = "n1."
"""Begins what is sealed with the key of nobody in particular."""

_PURPOSES: Final = {
    PERSONS: b"pandora personal text 1: of a person",
    NOBODYS: b"pandora personal text 1: of nobody in particular",
}
_MIN_KEY_BYTES: Final = 32
_DERIVED_BYTES: Final = 64  # AES-256-SIV takes two keys, one for the MAC and one for the cipher.
_REMEMBERED_KEYS: Final = 256
"""Rows of one person stand together in a page; a key that is remembered is no secret less."""


class SealedPersonalTexts:
    """Implements the port PersonalTexts with HKDF-SHA256 (RFC 5869) and AES-256-SIV (RFC 5297).

    The synthetic IV needs no nonce, which could repeat among billions of rows under the one key
    of nobody. The first key from Vault seals. The others are those that sealed before, or are
    about to: what they sealed is still opened.
    """

    def __init__(self, keys: Sequence[bytes], *, remembered_keys: int = _REMEMBERED_KEYS) -> None:
        """Take the first keys, and how many derived ones to remember.

        Raises:
            ValueError: see `replace`.
        """
        self._keys: tuple[bytes, ...] = ()
        self._cipher = lru_cache(remembered_keys)(_derived_cipher)
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Use these keys from now on.

        Raises:
            ValueError: there is none, or one is shorter than 32 bytes; the old ones stay in use.
        """
        if not keys or any(len(key) < _MIN_KEY_BYTES for key in keys):
            raise ValueError(f"personal texts need keys of {_MIN_KEY_BYTES} bytes")
        self._keys = tuple(keys)
        self._cipher.cache_clear()

    def seal(self, text: str, *, salt: bytes, place: TextPlace) -> str:
        """See the port."""
        kind = PERSONS if salt else NOBODYS
        cipher = self._cipher(self._keys[0], salt, kind)
        return kind + base64url.encode(cipher.encrypt(text.encode(), _context(kind, place)))

    def open(self, sealed: str, *, salt: bytes | None, place: TextPlace) -> str | None:
        """See the port."""
        kind, encoded = sealed[: len(PERSONS)], sealed[len(PERSONS) :]
        if kind == NOBODYS:
            return self._opened(encoded, b"", kind, place)
        if kind != PERSONS:
            raise SealBroken
        return self._opened(encoded, salt, kind, place) if salt else None

    def _opened(self, encoded: str, salt: bytes, kind: str, place: TextPlace) -> str:
        try:
            ciphertext = base64url.decode(encoded)
        except ValueError:
            raise SealBroken from None
        for key in self._keys:
            with suppress(InvalidTag):
                cipher = self._cipher(key, salt, kind)
                return cipher.decrypt(ciphertext, _context(kind, place)).decode()
        raise SealBroken


def _derived_cipher(key: bytes, salt: bytes, kind: str) -> AESSIV:
    if len(salt) != (SALT_BYTES if kind == PERSONS else 0):
        raise ValueError(f"a person's salt has {SALT_BYTES} bytes")
    derivation = HKDF(
        algorithm=SHA256(), length=_DERIVED_BYTES, salt=salt or None, info=_PURPOSES[kind]
    )
    return AESSIV(derivation.derive(key))


def _context(kind: str, place: TextPlace) -> list[bytes]:
    return [kind.encode(), place.row_id.bytes, place.field.encode()]
