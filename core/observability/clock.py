"""The system's clock, handed to whoever needs the time."""

from datetime import UTC, datetime


class SystemClock:
    """Implements the domain's port Clock."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC, in whole microseconds."""
        return datetime.now(UTC)
