"""What is counted and timed of mail."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.observability.metrics import LAG_BUCKETS_SECONDS


class MailMetrics:
    """Mail and its sender."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lags = Histogram(
            "pandora_mail_lag_seconds",
            "From the time at which a mail was written to its being taken by a mail server.",
            ("template",),
            buckets=LAG_BUCKETS_SECONDS,
            registry=registry,
        )
        self._results = Counter(
            "pandora_mail_results_total",
            "Mails sent, refused (tried again later) and abandoned, and failed attempts to send"
            " anything at all, by cause.",
            ("result", "cause"),
            registry=registry,
        )
        self._backlog = Gauge(
            "pandora_mail_backlog", "Mails that are still to be sent.", registry=registry
        )
        self._age = Gauge(
            "pandora_mail_oldest_seconds", "Age of the oldest mail that waits.", registry=registry
        )

    def sent(self, template: str, lag_seconds: float) -> None:
        """Count a mail that a server has taken."""
        self._results.labels("sent", "").inc()
        self._lags.labels(template).observe(lag_seconds)

    def refused(self, cause: str) -> None:
        """Count a refusal after which the mail is tried again."""
        self._results.labels("refused", cause).inc()

    def abandoned(self, cause: str) -> None:
        """Count a mail that will not be sent."""
        self._results.labels("abandoned", cause).inc()

    def failed(self, cause: str) -> None:
        """Count a turn that came to nothing, by a dependency's name or `internal`."""
        self._results.labels("failed", cause).inc()

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        """Note how many mails wait, and for how long the oldest has."""
        self._backlog.set(count)
        self._age.set(oldest_age_seconds)
