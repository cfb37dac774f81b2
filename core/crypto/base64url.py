"""Base64url without padding (RFC 7515 section 2), read strictly: one text for one byte string."""

import base64
import binascii


def encode(data: bytes) -> str:
    """Return the text for some bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes that `encode` turned into this text.

    Raises:
        ValueError: `encode` never returns such a text (padding, foreign letters, spare bits).
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if encode(data) != text:
        raise ValueError("not the one spelling of these bytes")
    return data
