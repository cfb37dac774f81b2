"""What is counted of sealing the audit log."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class SealMetrics:
    """Seals, their checkpoints, and what waits for either."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seals = Counter(
            "pandora_audit_seals_total", "Seals that this process has made.", registry=registry
        )
        self._rows = Counter(
            "pandora_audit_rows_sealed_total", "Audit rows that they cover.", registry=registry
        )
        self._unsealed = Gauge(
            "pandora_audit_unsealed_seconds",
            "Age of the oldest audit row that is not sealed, as far as it could be looked up.",
            registry=registry,
        )
        self._altered = Counter(
            "pandora_audit_rows_altered_total",
            "Audit rows that were altered before they were sealed.",
            registry=registry,
        )
        self._failures = Counter(
            "pandora_audit_seal_failures_total",
            "Attempts to seal or to write checkpoints that came to nothing, by cause.",
            ("cause",),
            registry=registry,
        )
        self._missing = Gauge(
            "pandora_audit_checkpoints_missing",
            "Seals whose checkpoint is not in its place outside the database, up to 500.",
            registry=registry,
        )

    def sealed(self, row_count: int) -> None:
        """Count a seal."""
        self._seals.inc()
        self._rows.inc(row_count)

    def unsealed(self, oldest_age_seconds: float) -> None:
        """Note for how long the oldest row has waited."""
        self._unsealed.set(oldest_age_seconds)

    def altered(self, row_count: int) -> None:
        """Count rows with a hash that is not that of their content."""
        self._altered.inc(row_count)

    def failed(self, cause: str) -> None:
        """Count a turn that came to nothing, by a dependency's name or another cause."""
        self._failures.labels(cause).inc()

    def checkpoints(self, missing: int) -> None:
        """Note how many seals have no checkpoint."""
        self._missing.set(missing)
