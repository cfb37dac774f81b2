"""No call without an end."""

import asyncio
from dataclasses import dataclass

import grpc

from core.middleware.call import Answer, Call, Next
from core.middleware.errors import StatusError


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineLimits:
    """How long a call may take where the client says nothing, and at most, in seconds."""

    default_seconds: float
    longest_seconds: float

    def for_asked(self, asked_seconds: float | None) -> float:
        """Return the time that a call gets; `asked_seconds` is what is left of the client's."""
        if asked_seconds is None:
            return self.default_seconds
        return min(asked_seconds, self.longest_seconds)


class Deadline:
    """Stage: cancels the work when its time is over."""

    def __init__(self, limits: DeadlineLimits) -> None:
        """Take the limits."""
        self._limits = limits

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Give the rest of the way its time.

        Raises:
            StatusError: DEADLINE_EXCEEDED, when the time is over and the work was cancelled.
        """
        clock = asyncio.timeout(self._limits.for_asked(call.context.time_remaining()))
        try:
            async with clock:
                return await proceed(call)
        except TimeoutError:
            if not clock.expired():
                raise
            message = "the deadline has passed"
            raise StatusError(grpc.StatusCode.DEADLINE_EXCEEDED, message) from None
