"""Digests that mean nothing without a key."""

import hashlib
import hmac

_MIN_KEY_BYTES = 32


class HmacDigests:
    """Implements the port KeyedDigests with HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: bytes) -> None:
        """Take the key.

        Raises:
            ValueError: see `replace`.
        """
        self._key = b""
        self.replace(key)

    def replace(self, key: bytes) -> None:
        """Use this key from now on; what was digested before is not recognised any more.

        Raises:
            ValueError: the key is shorter than 32 bytes; the old one stays in use.
        """
        if len(key) < _MIN_KEY_BYTES:
            raise ValueError(f"digests need a key of {_MIN_KEY_BYTES} bytes")
        self._key = key

    def digest(self, purpose: str, content: str) -> str:
        """Return the HMAC of purpose and content."""
        message = f"{purpose}\0{content}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256).hex()
