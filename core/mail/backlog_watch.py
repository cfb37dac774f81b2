"""Tells how much mail waits, also while none of it can be sent."""

import asyncio
import contextlib

import structlog

from core.domain.errors import DependencyUnavailable
from core.domain.ports.clock import Clock
from core.domain.ports.mail import MailQueue
from core.mail.sender_metrics import SenderMetrics

_log = structlog.get_logger(__name__)


async def watch_backlog(
    queue: MailQueue,
    metrics: SenderMetrics,
    clock: Clock,
    *,
    interval_seconds: float,
    stopping: asyncio.Event,
) -> None:
    """Measure the backlog again and again until `stopping` is set."""
    while not stopping.is_set():
        try:
            backlog = await queue.backlog()
        except DependencyUnavailable as outage:
            _log.warning("the mail backlog is not known", cause=outage.dependency)
        else:
            oldest = backlog.oldest_occurred_at
            age_seconds = 0.0 if oldest is None else (clock.now() - oldest).total_seconds()
            metrics.backlog(backlog.count, max(0.0, age_seconds))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), interval_seconds)
