"""Points in time, exact to the microsecond in both directions."""

from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from core.domain.errors import ValidationFailed, Violation

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_A_DAY: Final = 86_400
_NANOS_A_MICROSECOND: Final = 1000
_NANOS_A_SECOND: Final = 1_000_000_000


def to_timestamp(moment: datetime) -> Timestamp:
    """Translate an aware time; a naive one raises TypeError."""
    since = moment - _EPOCH
    return Timestamp(
        seconds=since.days * _SECONDS_A_DAY + since.seconds,
        nanos=since.microseconds * _NANOS_A_MICROSECOND,
    )


def to_optional_timestamp(moment: datetime | None) -> Timestamp | None:
    """Translate a time that may be absent."""
    return None if moment is None else to_timestamp(moment)


def to_bound(timestamp: Timestamp, *, field: str) -> datetime:
    """Translate the bound of a filter on times that are whole microseconds.

    A fraction of a microsecond is rounded up, which changes neither what lies at or after the
    bound nor what lies before it.

    Raises:
        ValidationFailed: it is no valid Timestamp, or outside the years 1 to 9999.
    """
    out_of_range = ValidationFailed(
        Violation(field, "timestamp.range", "must lie in the years 1 to 9999")
    )
    if not 0 <= timestamp.nanos < _NANOS_A_SECOND:
        raise out_of_range
    microseconds = -(-timestamp.nanos // _NANOS_A_MICROSECOND)
    try:
        return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=microseconds)
    except OverflowError:
        raise out_of_range from None
