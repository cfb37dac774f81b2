"""Waiting longer and longer while something does not work."""

from collections.abc import Callable
from dataclasses import dataclass

_MOST_DOUBLINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffPolicy:
    """How long to wait after failures, in seconds: at first, and at most.

    Exponential back-off with equal jitter: a random point in the upper half of each step. Jitter
    keeps replicas from knocking together at a server that comes back; the lower half is left out
    because a delay near nothing is no back-off. Compared in M. Brooker, «Exponential Backoff and
    Jitter», AWS Architecture Blog, 2015.
    """

    initial_seconds: float
    max_seconds: float

    def delay_seconds(self, failures: int, chance: float) -> float:
        """Return how long to wait after one more failure; `chance` lies between 0 and 1.

        `failures` counts those before, so that the first one waits for the first step.
        """
        step = self.initial_seconds * 2.0 ** min(failures, _MOST_DOUBLINGS)
        return min(step, self.max_seconds) * (0.5 + 0.5 * chance)


class Backoff:
    """Counts the failures in a row of whatever its owner tries."""

    def __init__(self, policy: BackoffPolicy, random: Callable[[], float]) -> None:
        """Take the policy and a source of numbers from 0 to 1."""
        self._policy = policy
        self._random = random
        self._failures = 0

    def next_delay_seconds(self) -> float:
        """Return how long to wait after one more failure."""
        delay = self._policy.delay_seconds(self._failures, self._random())
        self._failures += 1
        return delay

    def reset(self) -> None:
        """Start over after a success."""
        self._failures = 0
