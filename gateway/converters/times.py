"""`google.protobuf.Timestamp` and `Duration` as text."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.converters.field_error import FieldError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_DAY_SECONDS: Final = 86_400
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DURATION = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s")
_LONGEST_DURATION_SECONDS: Final = 315_576_000_000
_NANO_DIGITS: Final = 9


def read_timestamp(value: object) -> Timestamp:
    """RFC 3339 with `T`, up to nine digits of a second, and `Z` or an offset."""
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise FieldError("type", "must be an RFC 3339 time, for example 2026-01-31T08:00:00Z")
    moment, fraction, offset = match.groups()
    try:
        # Leaving the range of years by the offset is an OverflowError.
        local = datetime.fromisoformat(moment + ("+00:00" if offset == "Z" else offset))
        seconds = (local.astimezone(UTC) - _EPOCH) // _SECOND
    except (ValueError, OverflowError):
        raise FieldError("range", "must be a time that exists, of the years 1 to 9999") from None
    return Timestamp(seconds=seconds, nanos=_nanos(fraction))


def write_timestamp(value: Timestamp) -> str:
    """RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second."""
    days, second = divmod(value.seconds, _DAY_SECONDS)
    minute, second = divmod(second, 60)
    nanos = value.nanos
    fraction = _fraction(nanos) if nanos else ""
    return f"{_date(days)}{_clock(minute)}{second:02d}{fraction}Z"


def read_duration(value: object) -> Duration:
    """Seconds with up to nine digits of a fraction, and the letter s."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise FieldError("type", "must be a duration in seconds, for example 1.5s")
    minus, whole, fraction = match.groups()
    seconds, nanos = int(whole), _nanos(fraction)
    if seconds > _LONGEST_DURATION_SECONDS or (seconds == _LONGEST_DURATION_SECONDS and nanos):
        raise FieldError("range", f"must lie within {_LONGEST_DURATION_SECONDS} seconds")
    sign = -1 if minus else 1
    return Duration(seconds=sign * seconds, nanos=sign * nanos)


def write_duration(value: Duration) -> str:
    """Seconds with 0, 3, 6 or 9 digits of a fraction, and the letter s."""
    minus = "-" if value.seconds < 0 or value.nanos < 0 else ""
    return f"{minus}{abs(value.seconds)}{_fraction(abs(value.nanos))}s"


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    """`2026-01-31T` of the days since 1970: answers repeat days, and a calendar is slow."""
    return (_EPOCH + timedelta(days=days)).isoformat()[: len("2026-01-31T")]


@lru_cache(maxsize=24 * 60)
def _clock(minute: int) -> str:
    """`08:15:` of the minute of a day."""
    return f"{minute // 60:02d}:{minute % 60:02d}:"


def _nanos(fraction: str | None) -> int:
    return int(fraction.ljust(_NANO_DIGITS, "0")) if fraction else 0


def _fraction(nanos: int) -> str:
    if nanos % 1_000:
        return f".{nanos:09d}"
    if nanos % 1_000_000:
        return f".{nanos // 1_000:06d}"
    return f".{nanos // 1_000_000:03d}" if nanos else ""
