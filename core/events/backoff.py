"""Waiting longer and longer while something is down."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffPolicy:
    """How long to wait after failures, in seconds: at first, and at most."""

    initial_seconds: float
    max_seconds: float


class Backoff:
    """Exponential back-off with equal jitter: a random point in the upper half of each step.

    Jitter keeps replicas from knocking together at a server that comes back; the lower half is
    left out because a delay near nothing is no back-off. Compared in M. Brooker, «Exponential
    Backoff and Jitter», AWS Architecture Blog, 2015.
    """

    def __init__(self, policy: BackoffPolicy, random: Callable[[], float]) -> None:
        """Take the policy and a source of numbers from 0 to 1."""
        self._policy = policy
        self._random = random
        self._step_seconds = policy.initial_seconds

    def next_delay_seconds(self) -> float:
        """Return how long to wait after one more failure."""
        step = min(self._step_seconds, self._policy.max_seconds)
        self._step_seconds = step * 2
        return step * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        """Start over after a success."""
        self._step_seconds = self._policy.initial_seconds
