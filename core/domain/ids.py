"""UUID version 7 (RFC 9562 section 5.7): ids that sort by the time they were made."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

_RANDOM_BYTES = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def uuid7(now: datetime, randomness: bytes) -> UUID:
    """Build a UUIDv7 from an aware time and 10 random bytes (74 bits of them are used).

    Raises:
        ValueError: `now` is naive, before 1970, or `randomness` is not 10 bytes long.
    """
    if now.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    if len(randomness) != _RANDOM_BYTES:
        raise ValueError(f"expected {_RANDOM_BYTES} random bytes, got {len(randomness)}")
    unix_ms = (now - _EPOCH) // _MILLISECOND
    if not 0 <= unix_ms < 1 << 48:
        raise ValueError("the time does not fit into 48 bits of milliseconds since 1970")
    random_a = int.from_bytes(randomness[:2], "big") & 0x0FFF
    random_b = int.from_bytes(randomness[2:], "big") & ((1 << 62) - 1)
    return UUID(int=unix_ms << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b)
