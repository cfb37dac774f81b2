"""`google.protobuf.Timestamp` and `Duration` as text."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.converters.field_error import FieldError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_TO_SECONDS = slice(0, 19)
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
    moment = (_EPOCH + timedelta(seconds=value.seconds)).isoformat()[_TO_SECONDS]
    return f"{moment}{_fraction(value.nanos)}Z" if value.nanos else moment + "Z"


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


def _nanos(fraction: str | None) -> int:
    return int(fraction.ljust(_NANO_DIGITS, "0")) if fraction else 0


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    digits = f"{nanos:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return "." + digits
