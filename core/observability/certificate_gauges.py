"""How old the certificates of a process are, for an alert before one runs out."""

from datetime import datetime
from typing import Protocol

from core.observability.live_metrics import LiveMetrics


class _Certificate(Protocol):
    @property
    def expires_at(self) -> datetime: ...


class Certificates(Protocol):
    """A certificate that is read anew when it changes."""

    def newest(self) -> _Certificate: ...  # noqa: D102 - the one in use, after a look at the files
    @property
    def failures(self) -> int: ...  # noqa: D102 - changed files that could not be used


def watch_certificate(live: LiveMetrics, certificates: Certificates, *, use: str) -> None:
    """Tell when it runs out, and how often a new one was refused; `use` says what it is for."""
    live.gauges(
        "pandora_tls_certificate_expiry_timestamp_seconds",
        "When the certificate in use runs out (Unix time).",
        label="use",
        read=lambda: {use: certificates.newest().expires_at.timestamp()},
    )
    live.counters(
        "pandora_tls_certificate_reload_failures",
        "Changed certificate files that could not be used.",
        label="use",
        read=lambda: {use: certificates.failures},
    )
