"""When people come: ever more of them, fewer at weekends, and at night hardly anybody."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

SECOND: Final = 1_000_000
"""Times are whole microseconds since 1970 (UTC) wherever rows are made: they sort and add fast."""
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_AT_NIGHT: Final = (2, 1, 1, 1, 1, 2, 4, 7)
_OF_DAY: Final = (*_AT_NIGHT, 9, 10, 10, 10, 11, 10, 10, 10, 10, 11, 12, 14, 14, 11, 7, 4)
_OF_WEEK: Final = (10, 10, 10, 10, 9, 7, 7)
_GROWTH: Final = 12.0
"""How many times as many come in the last hour as in the first."""


def microseconds(moment: datetime) -> int:
    """Return an aware time as whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """Return the time so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=at)


class SignUpCurve:
    """Places sign-ups between two times, in their order: growth, times week, times day."""

    def __init__(self, *, since: datetime, until: datetime) -> None:
        """Take both ends.

        Raises:
            ValueError: there is not a whole day between them.
        """
        self._since = microseconds(since)
        hours = (microseconds(until) - self._since) // HOUR
        if hours < 24:  # noqa: PLR2004 - of a day
            raise ValueError("there must be a day at least between the first and the last sign-up")
        self._sums = list(accumulate(self._weight(hour, hours) for hour in range(hours)))

    def at(self, share: float) -> int:
        """Return the time until when this share (0 to 1, exclusive) of all people have come."""
        wanted = share * self._sums[-1]
        hour = bisect_left(self._sums, wanted)
        before = self._sums[hour - 1] if hour else 0.0
        within = (wanted - before) / (self._sums[hour] - before)
        return self._since + hour * HOUR + int(within * (HOUR - 1))

    def _weight(self, hour: int, hours: int) -> float:
        begin = moment(self._since + hour * HOUR)
        growth: float = _GROWTH ** (hour / hours)
        return growth * _OF_WEEK[begin.weekday()] * _OF_DAY[begin.hour]


_HOURS: Final = tuple(hour for hour, weight in enumerate(_OF_DAY) for _ in range(weight))


def within_a_day(chance: Random, near: int) -> int:
    """Return a time on the day of another one at which people are awake more often than not."""
    day = near // DAY * DAY
    hour = _HOURS[int(chance.random() * len(_HOURS))]
    return day + hour * HOUR + int(chance.random() * HOUR)
