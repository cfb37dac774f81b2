"""Answers that are kept for repeats."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.errors import DomainError
from core.domain.idempotency import Given, KeyedAnswer, KeyedCall, Outcome


class KeyedAnswerRepository(Protocol):
    """Kept answers by the digest of their call.

    DependencyUnavailable comes from any method when the storage is out of reach.
    """

    async def find(self, digest: str, *, at: datetime) -> KeyedAnswer | None:
        """Return the answer, unless there is none that has not expired by then."""
        ...

    async def add(self, answer: KeyedAnswer) -> bool:
        """Keep an answer, in the place of one that has expired by its creation.

        Return False, and keep nothing, where there is one that has not. A unit of work that adds
        the same digest waits until this one has ended.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A call to be made: `execute` makes it, `refusal` puts an error of it into bytes."""

    execute: Callable[[], Awaitable[Outcome]]
    refusal: Callable[[DomainError], Outcome]


class IdempotentCalls(Protocol):
    """Makes calls so that each key has one effect and one answer."""

    async def answer(self, call: KeyedCall, work: Work) -> Given:
        """Make the call, unless it was answered before; then give that answer again.

        Raises:
            IdempotencyKeyReused: the key came with another request before.
            Conflict: a call with this key is under way, and takes longer than can be waited for.
            DomainError: the call was made now, and was refused.
        """
        ...
