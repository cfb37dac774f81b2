"""Until when the call under way has to be answered, for whoever would otherwise work in vain.

A call is one task; what it awaits sees the deadline, and so do tasks that it starts. Outside of a
call, in a command or a relay, there is none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_DEADLINE: Final[ContextVar[float | None]] = ContextVar("call_deadline", default=None)


@contextmanager
def answered_by(deadline: float) -> Iterator[None]:
    """Within the block, the call has to be answered by then, in seconds of the monotonic clock.

    A deadline that already holds is never moved further away.
    """
    present = _DEADLINE.get()
    token = _DEADLINE.set(deadline if present is None else min(present, deadline))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def call_deadline() -> float | None:
    """Return the deadline in seconds of the monotonic clock; None where no call is under way."""
    return _DEADLINE.get()
