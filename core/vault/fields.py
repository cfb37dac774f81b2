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
    return _key(text(content, "key"), "key")


def binary_keys(content: Mapping[str, object]) -> tuple[bytes, ...]:
    """Return the key in the field `key`, and after it those in the list `other_keys`, if any.

    The first is worked with. The others are the one before it, for as long as its work is met,
    or the next one, until every process knows it.

    Raises:
        ValueError: one of them is no key, or occurs twice.
    """
    others = content.get("other_keys", [])
    if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
        raise ValueError("other_keys must be a list of texts")
    keys = (binary_key(content), *(_key(other, "each of other_keys") for other in others))
    if len(set(keys)) != len(keys):
        raise ValueError("other_keys must differ from each other and from key")
    return keys


def _key(encoded: str, name: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise ValueError(f"{name} must be base64") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{name} must have {_KEY_BYTES} bytes")
    return key
