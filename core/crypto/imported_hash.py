"""Password hashes that another system has made: what they have in common."""

import base64
import binascii
from typing import Protocol

LONGEST_HASH = 512
"""Longest text that is read as a hash, in characters."""
LEAST_KEY_BYTES, MOST_KEY_BYTES = 16, 64
"""A shorter result would let wrong passwords in by chance; a longer one is work for nothing."""
MOST_SALT_BYTES = 256

UNSUPPORTED = "password_hash.unsupported"
MALFORMED = "password_hash.malformed"
TOO_COSTLY = "password_hash.cost"


class HashRefused(Exception):
    """A hash cannot be verified here. The message never repeats it; `rule` names the cause."""

    def __init__(self, rule: str, message: str) -> None:
        """Name the cause, and say it in words."""
        super().__init__(message)
        self.rule = rule


class ImportedHash(Protocol):
    """A hash whose text was read and found affordable; nothing has been computed yet."""

    @property
    def algorithm(self) -> str:
        """Its name, for people."""
        ...

    @property
    def stored(self) -> str:
        """The text that is stored."""
        ...

    @property
    def reach_bytes(self) -> int | None:
        """How many bytes of a password it reads; None reads all of them."""
        ...

    def matches(self, password: bytes) -> bool:
        """Tell whether a password, no longer than the reach, is right. Slow on purpose."""
        ...


def decoded(text: str) -> bytes:
    """Read Base64 with or without padding, and passlib's alphabet, which writes `.` for `+`.

    Raises:
        HashRefused: it is no Base64.
    """
    plain = text.replace(".", "+").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HashRefused(MALFORMED, "holds something that is no Base64") from error


def checked_key(key: bytes) -> bytes:
    """Return what a password is compared with, if it has a length that makes sense.

    Raises:
        HashRefused: it has not.
    """
    if not LEAST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES:
        bounds = f"{LEAST_KEY_BYTES} to {MOST_KEY_BYTES}"
        raise HashRefused(MALFORMED, f"has a result that is not {bounds} bytes long")
    return key


def checked_salt(salt: bytes) -> bytes:
    """Return the salt, if it is not absurdly long.

    Raises:
        HashRefused: it is.
    """
    if len(salt) > MOST_SALT_BYTES:
        raise HashRefused(MALFORMED, f"has a salt of more than {MOST_SALT_BYTES} bytes")
    return salt
