"""What is counted and timed of events on their way out."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.observability.metrics import LAG_BUCKETS_SECONDS


class RelayMetrics:
    """The outbox and its relay."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._published = Histogram(
            "pandora_relay_publish_lag_seconds",
            "From an event's time to its publication; the count is the number of events published.",
            buckets=LAG_BUCKETS_SECONDS,
            registry=registry,
        )
        self._results = Counter(
            "pandora_relay_results_total",
            "Events published (result published) and turns that failed (result failed), by cause.",
            ("result", "cause"),
            registry=registry,
        )
        self._held = Gauge(
            "pandora_relay_held_users",
            "People whose events wait because one of them cannot be encoded.",
            registry=registry,
        )
        self._backlog = Gauge(
            "pandora_outbox_backlog_events", "Events that wait in the outbox.", registry=registry
        )
        self._lost = Counter(
            "pandora_relay_lost_entries_total",
            "Entries that the stream had lost; their events are sent again.",
            registry=registry,
        )
        self._stream_full = Gauge(
            "pandora_relay_stream_full",
            "1 while the stream is at its bound and some group still needs its oldest entries.",
            registry=registry,
        )
        self._memory_full = Gauge(
            "pandora_relay_redis_memory_full",
            "1 while Redis has no memory left for new entries.",
            registry=registry,
        )
        self._length = Gauge(
            "pandora_stream_entries", "Entries in the stream of events.", registry=registry
        )
        self._unread = Gauge(
            "pandora_stream_unread_entries",
            "Entries of the stream that a consumer group has not been given yet.",
            ("group",),
            registry=registry,
        )
        self._lag = Gauge(
            "pandora_outbox_lag_seconds", "Age of the oldest event that waits.", registry=registry
        )

    def published(self, lags_seconds: Sequence[float]) -> None:
        """Count events that were published and marked."""
        self._results.labels("published", "").inc(len(lags_seconds))
        for lag in lags_seconds:
            self._published.observe(lag)

    def failed(self, cause: str) -> None:
        """Count a turn that came to nothing, by a dependency's name or `internal`."""
        self._results.labels("failed", cause).inc()

    def held(self, user_count: int) -> None:
        """Note how many people's events are held back at present."""
        self._held.set(user_count)

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        """Note how many events wait, and for how long the oldest has."""
        self._backlog.set(count)
        self._lag.set(oldest_age_seconds)

    def lost(self, event_count: int) -> None:
        """Count events whose entries the stream had lost."""
        self._lost.inc(event_count)

    def blocked(self, *, stream_full: bool, memory_full: bool) -> None:
        """Note what keeps the relay from publishing, other than an outage."""
        self._stream_full.set(stream_full)
        self._memory_full.set(memory_full)

    def stream(self, length: int, unread: Mapping[str, int]) -> None:
        """Note how long the stream is, and how many entries each group has not read."""
        self._length.set(length)
        self._unread.clear()
        for group, count in unread.items():
            self._unread.labels(group).set(count)
