"""Requests that the HTTP parser refused never reach the layers; their answers are made here."""

from collections.abc import Callable, Mapping

from aiohttp import web

from gateway.middleware.request_id import HEADER
from gateway.observability.logging import Log
from gateway.observability.metrics import Metrics
from gateway.problem import Problem


class Unreadable:
    """Makes the answer, and leaves a line in the log and a count in the metrics."""

    def __init__(
        self,
        log: Log,
        metrics: Metrics,
        headers: Mapping[str, str],
        new_id: Callable[[], str],
    ) -> None:
        """Take the headers of every answer, and the source of ids: 32 hexadecimal digits."""
        self._log = log
        self._metrics = metrics
        self._headers = headers
        self._new_id = new_id

    def __call__(self, problem: Problem) -> web.Response:
        """Answer with a problem document that repeats nothing of what was read."""
        request_id, trace_id = self._new_id(), self._new_id()
        self._metrics.unreadable(problem.reason)
        self._log.warning(
            "unreadable request", reason=problem.reason, request_id=request_id, trace_id=trace_id
        )
        return web.Response(
            status=problem.status,
            body=problem.body(trace_id),
            headers={**self._headers, HEADER: request_id, **problem.all_headers()},
        )
