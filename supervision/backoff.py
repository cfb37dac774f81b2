"""How long to wait before a worker that has ended by itself is started again."""

from dataclasses import dataclass
from typing import Final

FIRST_SECONDS: Final = 0.1
LONGEST_SECONDS: Final = 30.0
_GROWTH: Final = 2.0
_WELL_AFTER_SECONDS: Final = 60.0
"""A worker that has run for so long has nothing to do with those that failed before it."""


@dataclass(slots=True)
class Backoff:
    """The waits of one place: each is twice as long as the one before, up to a bound."""

    _next_seconds: float = FIRST_SECONDS

    def after(self, lived_seconds: float) -> float:
        """Return how long to wait after a worker that has run for so long."""
        if lived_seconds >= _WELL_AFTER_SECONDS:
            self._next_seconds = FIRST_SECONDS
        wait = self._next_seconds
        self._next_seconds = min(LONGEST_SECONDS, wait * _GROWTH)
        return wait
