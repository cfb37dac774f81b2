"""Domain errors."""

import pytest

from core.domain.errors import (
    Conflict,
    DependencyUnavailable,
    DomainError,
    RetryableError,
    ServerBusy,
    ViolationError,
)

ABSTRACT = {DomainError, ViolationError, RetryableError}


def _all_errors() -> list[type[DomainError]]:
    found: list[type[DomainError]] = []
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        error = waiting.pop()
        found.append(error)
        waiting += error.__subclasses__()
    return [error for error in found if error not in ABSTRACT]


def test_every_reason_is_named_after_its_error_and_stands_once() -> None:
    reasons = [error.reason for error in _all_errors()]
    assert len(reasons) == len(set(reasons))
    for error in _all_errors():
        assert (
            error.reason
            == "".join(
                f"_{letter}" if letter.isupper() and index else letter
                for index, letter in enumerate(error.__name__)
            ).upper()
        )


def test_an_error_says_a_sentence_unless_it_is_given_a_better_one() -> None:
    for error in _all_errors():
        assert error.message.endswith(".")
    assert str(ServerBusy()) == ServerBusy.message
    assert str(Conflict("Somebody was faster.")) == "Somebody was faster."


def test_a_missing_dependency_is_kept_for_the_log_and_not_told() -> None:
    error = DependencyUnavailable("postgresql", retry_after_seconds=3)
    assert error.dependency == "postgresql"
    assert error.retry_after_seconds == 3
    assert "postgresql" not in str(error)


@pytest.mark.parametrize("error", [ServerBusy(), Conflict(), DependencyUnavailable("redis")])
def test_what_can_be_retried_says_when(error: RetryableError) -> None:
    assert error.retry_after_seconds > 0
