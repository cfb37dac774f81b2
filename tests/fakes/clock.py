"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)


class FakeClock:
    """Implements the port Clock."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Jump to a moment, forwards or backwards."""
        if moment.tzinfo is None:
            raise ValueError("a naive datetime has no place on a clock")
        self._now = moment
