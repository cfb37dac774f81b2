"""What is counted and timed. Every process makes its own registry and takes what it needs."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

DURATION_BUCKETS_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
LAG_BUCKETS_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)

_LOGIN: Final = "auth.login"
_SECOND_FACTOR: Final = "auth.mfa"
_KYC_PREFIX: Final = "kyc."


def new_registry() -> CollectorRegistry:
    """Return a registry that knows the process itself: memory, CPU, files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class CallMetrics:
    """Requests by RPC, code and reason, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "pandora_rpc_requests_total",
            "Calls that were answered.",
            ("rpc", "code", "reason"),
            registry=registry,
        )
        self._durations = Histogram(
            "pandora_rpc_duration_seconds",
            "Time from the first byte of a call to its answer.",
            ("rpc",),
            buckets=DURATION_BUCKETS_SECONDS,
            registry=registry,
        )
        # The library finds a series under a lock, at each call anew; there are not many.
        self._count = cache(self._requests.labels)
        self._duration = cache(self._durations.labels)

    def observe(self, method: str, code: str, reason: str, seconds: float) -> None:
        """Count one call; `reason` is empty where there is none."""
        self._count(method, code, reason).inc()
        self._duration(method).observe(seconds)


class Audited(Protocol):
    """What this room needs to know of an audit row."""

    @property
    def action(self) -> str: ...  # noqa: D102 - `auth.login`, `kyc.update` …
    @property
    def outcome(self) -> str: ...  # noqa: D102 - `success` or `failure`
    @property
    def reason(self) -> str | None: ...  # noqa: D102 - why it failed, or why it was done
    @property
    def details(self) -> Mapping[str, str | int | bool | None]: ...  # noqa: D102


class AuditMetrics:
    """Counts what was audited, once it is committed: numbers and audit log agree."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._logins = Counter(
            "pandora_logins_total",
            "Logins by outcome (`challenge`: a second factor was asked for) and reason of refusal.",
            ("outcome", "reason"),
            registry=registry,
        )
        self._kyc_changes = Counter(
            "pandora_kyc_changes_total",
            "KYC changes that were asked for, by the status asked for and outcome.",
            ("status", "outcome"),
            registry=registry,
        )
        self._actions = Counter(
            "pandora_audited_actions_total",
            "Audited actions by outcome.",
            ("action", "outcome"),
            registry=registry,
        )

    def count(self, entries: Iterable[Audited]) -> None:
        """Count the rows of one transaction after its commit."""
        for entry in entries:
            action, outcome = str(entry.action), str(entry.outcome)
            self._actions.labels(action, outcome).inc()
            if action in {_LOGIN, _SECOND_FACTOR}:
                refusal = entry.reason if outcome == "failure" else None
                is_challenge = "second_factor" in entry.details
                self._logins.labels("challenge" if is_challenge else outcome, refusal or "").inc()
            elif action.startswith(_KYC_PREFIX):
                self._kyc_changes.labels(str(entry.details.get("status", "")), outcome).inc()


class DependencyMetrics:
    """What the process depends on: PostgreSQL, Redis, Vault."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._up = Gauge(
            "pandora_dependency_up",
            "1 while the dependency answers, else 0.",
            ("dependency",),
            registry=registry,
        )
        self._serving = Gauge(
            "pandora_serving", "1 while the process says SERVING, else 0.", registry=registry
        )

    def dependency(self, name: str, *, is_up: bool) -> None:
        """Note whether a dependency answers."""
        self._up.labels(name).set(is_up)

    def serving(self, is_serving: bool, /) -> None:  # noqa: FBT001 - a listener of one fact
        """Note whether the process says SERVING."""
        self._serving.set(is_serving)
