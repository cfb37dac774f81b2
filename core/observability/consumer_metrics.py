"""What is counted and timed of events on their way in."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.observability.metrics import LAG_BUCKETS_SECONDS


class ConsumerMetrics:
    """The consumer and its dead letters."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._results = Counter(
            "pandora_consumer_results_total",
            "Events applied, repeated (no effect), skipped (of no type that is handled here) and"
            " dead, and failed attempts, by cause.",
            ("result", "event_type", "cause"),
            registry=registry,
        )
        self._buried = Counter(
            "pandora_consumer_dead_letters_total",
            "Events that became dead letters, by reason.",
            ("reason",),
            registry=registry,
        )
        self._lags = Histogram(
            "pandora_consumer_lag_seconds",
            "From an event's time to its effect here.",
            buckets=LAG_BUCKETS_SECONDS,
            registry=registry,
        )
        self._letters = Gauge(
            "pandora_dead_letters", "Dead letters that wait for an operator.", registry=registry
        )
        self._working = Gauge(
            "pandora_consumer_working",
            "1 while events are read and handled, 0 while something is out of reach.",
            registry=registry,
        )

    def handled(self, outcome: str, event_type: str) -> None:
        """Count an event that is done with."""
        self._results.labels(outcome, event_type, "").inc()

    def lag(self, seconds: float) -> None:
        """Note how long after it happened an event was applied."""
        self._lags.observe(seconds)

    def buried(self, reason: str) -> None:
        """Count a dead letter."""
        self._buried.labels(reason).inc()

    def failed(self, cause: str) -> None:
        """Count an attempt that came to nothing."""
        self._results.labels("failed", "", cause).inc()

    def dead_letters(self, count: int) -> None:
        """Note how many dead letters there are."""
        self._letters.set(count)

    def working(self, *, is_working: bool) -> None:
        """Note whether the last turn went well."""
        self._working.set(is_working)
