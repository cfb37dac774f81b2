"""No call without an end."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from core.domain.call_deadline import answered_by
from core.middleware.call import Answer, Call, Next
from core.middleware.errors import StatusError
from pandora.options.v1 import access_pb2

_ACCESS: Any = access_pb2.access
"""The option's extension; generated code and type stubs disagree on its class."""


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


def time_limits(services: Iterable[ServiceDescriptor]) -> Mapping[str, float]:
    """Return how long calls of a method may go on that may go on for longer than others.

    By method (`package.Service/Method`), in seconds.
    """
    return MappingProxyType(
        {
            f"{service.full_name}/{method.name}": float(seconds)
            for service in services
            for method in service.methods
            if (seconds := method.GetOptions().Extensions[_ACCESS].time_limit_seconds) > 0
        }
    )


class Deadline:
    """Stage: cancels the work when its time is over, and tells it beforehand when that will be."""

    def __init__(self, limits: DeadlineLimits, by_method: Mapping[str, float]) -> None:
        """Take the limits, and those of methods that take longer (`time_limits`)."""
        self._limits = limits
        self._by_method = {
            method: DeadlineLimits(default_seconds=seconds, longest_seconds=seconds)
            for method, seconds in by_method.items()
        }

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Give the rest of the way its time.

        Raises:
            StatusError: DEADLINE_EXCEEDED, when the time is over and the work was cancelled.
        """
        limits = self._by_method.get(call.method, self._limits)
        seconds = limits.for_asked(call.context.time_remaining())
        clock = asyncio.timeout(seconds)
        try:
            async with clock:
                with answered_by(time.monotonic() + seconds):
                    return await proceed(call)
        except TimeoutError:
            if not clock.expired():
                raise
            message = "the deadline has passed"
            raise StatusError(grpc.StatusCode.DEADLINE_EXCEEDED, message) from None
