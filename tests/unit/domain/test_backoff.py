"""Back-off grows, is bounded, differs between replicas, and forgets after a success."""

import pytest

from core.domain.backoff import Backoff, BackoffPolicy

POLICY = BackoffPolicy(initial_seconds=0.1, max_seconds=2.0)


def test_the_longest_delays_double_up_to_the_bound() -> None:
    backoff = Backoff(POLICY, random=lambda: 1.0)
    delays = [backoff.next_delay_seconds() for _ in range(7)]
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])


def test_the_shortest_delays_are_half_as_long() -> None:
    backoff = Backoff(POLICY, random=lambda: 0.0)
    delays = [backoff.next_delay_seconds() for _ in range(6)]
    assert delays == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.0])


def test_a_success_starts_it_over() -> None:
    backoff = Backoff(POLICY, random=lambda: 1.0)
    for _ in range(5):
        backoff.next_delay_seconds()
    backoff.reset()
    assert backoff.next_delay_seconds() == pytest.approx(0.1)


def test_it_never_overflows() -> None:
    backoff = Backoff(POLICY, random=lambda: 1.0)
    for _ in range(5000):
        assert backoff.next_delay_seconds() <= 2.0
