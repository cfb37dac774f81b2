"""One line and one observation per call."""

from collections.abc import Callable
from typing import Protocol

import grpc

from core.domain.errors import DependencyUnavailable
from core.middleware.call import Answer, Call, Next
from core.middleware.call_logger import CallLogger
from core.middleware.errors import classify

_WARNINGS = frozenset(
    {
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
    }
)


class CallMetrics(Protocol):
    """Counts calls and how long they took."""

    def observe(self, method: str, code: str, reason: str, seconds: float) -> None:
        """Count one call; `reason` is empty where there is none."""
        ...


class CallLog:
    """Stage: says how a call ended, to the log and to the metrics.

    A line holds neither the request nor the client's address: nothing personal can get in.
    """

    def __init__(
        self,
        *,
        log: CallLogger,
        metrics: CallMetrics,
        seconds: Callable[[], float],
        quiet: bool = False,
    ) -> None:
        """Take a monotonic clock in seconds; a `quiet` log tells of successes at level debug."""
        self._log = log
        self._metrics = metrics
        self._seconds = seconds
        self._is_quiet = quiet

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Time a call."""
        began = self._seconds()
        try:
            answer = await proceed(call)
        except BaseException as error:
            self._record(call, error, self._seconds() - began)
            raise
        self._record(call, None, self._seconds() - began)
        return answer

    def _record(self, call: Call, error: BaseException | None, seconds: float) -> None:
        code, reason = (grpc.StatusCode.OK, None) if error is None else classify(error)
        self._metrics.observe(call.method, code.name, reason or "", seconds)
        facts: dict[str, object] = {
            "method": call.method,
            "code": code.name,
            "reason": reason,
            "duration_ms": round(seconds * 1000, 3),
            "request_id": call.origin.request_id,
            "trace_id": call.trace_id,
            "actor_id": call.caller.actor_id,
        }
        if isinstance(error, DependencyUnavailable):
            facts["dependency"] = error.dependency
        if error is None and self._is_quiet:
            self._log.debug("call", **facts)
        elif code is grpc.StatusCode.INTERNAL:
            self._log.error("call", **facts)
        elif code in _WARNINGS:
            self._log.warning("call", **facts)
        else:
            self._log.info("call", **facts)
