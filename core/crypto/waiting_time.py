"""How long new work would wait for one of several threads, told from how long work takes."""

from collections.abc import Sequence
from typing import Final

_WEIGHT: Final = 0.1
"""What the newest duration counts for in the mean: some twenty pieces of work replace it."""


class WaitingTime:
    """An exponentially weighted mean of durations, and the waiting time that follows from it."""

    def __init__(self, threads: int) -> None:
        """Nothing is known at first: the first duration is the mean."""
        self._threads = threads
        self._mean: float | None = None

    @property
    def mean_seconds(self) -> float:
        """How long one piece of work takes; 0 as long as none has ended."""
        return self._mean or 0.0

    def note(self, seconds: float) -> None:
        """Learn how long a piece of work took, from taking its thread to giving it back."""
        if self._mean is None:
            self._mean = seconds
        else:
            self._mean += _WEIGHT * (seconds - self._mean)

    def seconds(self, *, waiting: int, running_for: Sequence[float]) -> float:
        """Return how long it takes until a thread is free for who comes now.

        `waiting` others come first; `running_for` says for how many seconds each thread that is at
        work has been. Work that has taken longer than the mean is about to end.
        """
        if not waiting and len(running_for) < self._threads:
            return 0.0
        rest = sum(max(0.0, self.mean_seconds - seconds) for seconds in running_for)
        return (rest + waiting * self.mean_seconds) / self._threads
