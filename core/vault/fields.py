"""Fields of a secret. Whatever is wrong is said without quoting what is there."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

_KEY_BYTES = 32


def text(content: Mapping[str, object], name: str) -> str:
    """Return a text that is not empty.

    Raises:
        ValueError: it is missing, empty, or no text.
    """
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be text")
    return value


def moment(content: Mapping[str, object], name: str) -> datetime:
    """Return a time in UTC.

    Raises:
        ValueError: it is missing or not RFC 3339.
    """
    try:
        value = datetime.fromisoformat(text(content, name))
    except ValueError:
        raise ValueError(f"{name} must be a time (RFC 3339)") from None
    if value.tzinfo is None:
        raise ValueError(f"{name} must have an offset from UTC")
    return value.astimezone(UTC)


def binary_key(content: Mapping[str, object]) -> bytes:
    """Return the symmetric key in the field `key`: 32 bytes in base64.

    Raises:
        ValueError: it is missing, no base64, or of another length.
    """
    encoded = text(content, "key")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise ValueError("key must be base64") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"key must have {_KEY_BYTES} bytes")
    return key
