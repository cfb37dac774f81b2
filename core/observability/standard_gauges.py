"""The live numbers that every core process tells, and what they are called."""

from collections.abc import Callable, Mapping
from typing import Protocol

from core.observability.live_metrics import LiveMetrics


class WorkQueue(Protocol):
    """A bounded pool of threads with a queue before it."""

    @property
    def waiting(self) -> int: ...  # noqa: D102 - work that waits for a thread
    @property
    def running(self) -> int: ...  # noqa: D102 - threads at work
    @property
    def refused(self) -> Mapping[str, int]: ...  # noqa: D102 - since the start, by reason
    @property
    def wait_seconds(self) -> float: ...  # noqa: D102 - estimated for work that comes now
    @property
    def work_seconds(self) -> float: ...  # noqa: D102 - how long one piece takes at present


def watch_hashing(live: LiveMetrics, queue: WorkQueue) -> None:
    """Tell how busy the password hashing is."""
    live.gauge("pandora_hashing_waiting", "Hashings that wait.", lambda: queue.waiting)
    live.gauge("pandora_hashing_running", "Hashings under way.", lambda: queue.running)
    live.gauge(
        "pandora_hashing_wait_seconds",
        "Estimated wait of a hashing that comes now.",
        lambda: queue.wait_seconds,
    )
    live.gauge(
        "pandora_hashing_work_seconds",
        "Weighted mean of the time that a hashing takes.",
        lambda: queue.work_seconds,
    )
    live.counters(
        "pandora_hashing_refused",
        "Hashings refused as SERVER_BUSY, by reason.",
        label="reason",
        read=lambda: queue.refused,
    )


def watch_hashing_build(live: LiveMetrics, name: str) -> None:
    """Tell which build of argon2-cffi-bindings hashes, by its name."""
    live.gauges(
        "pandora_hashing_build",
        "1 for the build of argon2-cffi-bindings that hashes.",
        label="build",
        read=lambda: {name: 1.0},
    )


def watch_limits(live: LiveMetrics, is_local: Callable[[], bool]) -> None:
    """Tell whether limits are kept by this process alone, because Redis is away."""
    live.gauge(
        "pandora_limits_local",
        "1 while throttles and rate limits are kept without Redis, else 0.",
        lambda: float(is_local()),
    )


def watch_postgres_pool(live: LiveMetrics, measures: Callable[[], Mapping[str, float]]) -> None:
    """Tell how the pool of connections is used; `measures` has psycopg_pool's names."""

    def states() -> Mapping[str, float]:
        now = measures()
        idle, size = now.get("pool_available", 0), now.get("pool_size", 0)
        return {"idle": idle, "used": max(0, size - idle)}

    def read(name: str) -> Callable[[], float]:
        return lambda: measures().get(name, 0)

    live.gauges(
        "pandora_postgres_pool_connections",
        "Connections of the pool by state.",
        label="state",
        read=states,
    )
    live.gauge(
        "pandora_postgres_pool_waiting", "Callers that wait for one.", read("requests_waiting")
    )
    live.gauge("pandora_postgres_pool_max", "Connections it may have.", read("pool_max"))
    live.counter("pandora_postgres_pool_requests", "Connections asked for.", read("requests_num"))
    live.counter("pandora_postgres_pool_errors", "Requests in vain.", read("requests_errors"))
    live.counter("pandora_postgres_pool_lost", "Connections lost.", read("connections_lost"))


def watch_logs(live: LiveMetrics, dropped: Callable[[], int]) -> None:
    """Tell how many log lines were lost."""
    live.counter("pandora_log_lines_dropped", "Log lines that nobody read in time.", dropped)


def watch_signing_key(live: LiveMetrics, age_seconds: Callable[[], float]) -> None:
    """Tell for how long the key that signs access tokens has done so."""
    live.gauge(
        "pandora_signing_key_age_seconds",
        "Seconds since the key that signs now began to.",
        age_seconds,
    )


class SecretsState(Protocol):
    """What is known of the secrets that were read."""

    @property
    def age_seconds(self) -> float: ...  # noqa: D102 - since the last complete read
    @property
    def failures(self) -> Mapping[str, int]: ...  # noqa: D102 - failed reads by kind
    @property
    def rejected_count(self) -> int: ...  # noqa: D102 - secrets whose last version is unusable


def watch_secrets(live: LiveMetrics, state: SecretsState) -> None:
    """Tell how fresh the secrets are, and what keeps new ones away."""
    live.gauge(
        "pandora_vault_secrets_age_seconds",
        "Seconds since all secrets were read.",
        lambda: state.age_seconds,
    )
    live.gauge(
        "pandora_vault_rejected_secrets",
        "Secrets whose version in Vault cannot be used.",
        lambda: state.rejected_count,
    )
    live.counters(
        "pandora_vault_failed_reads",
        "Reads that failed since the start, by kind.",
        label="kind",
        read=lambda: state.failures,
    )


class DatabaseLoginState(Protocol):
    """A login to PostgreSQL that has an end, and is lengthened or replaced before it."""

    @property
    def seconds_left(self) -> float: ...  # noqa: D102 - until its end, if Vault stays away
    @property
    def failures(self) -> Mapping[str, int]: ...  # noqa: D102 - steps that failed, by kind


def watch_database_login(live: LiveMetrics, state: DatabaseLoginState) -> None:
    """Tell how long the login lasts, and what keeps it from being lengthened."""
    live.gauge(
        "pandora_database_login_seconds",
        "How long the login to PostgreSQL exists at least, if Vault stays away from now on.",
        lambda: state.seconds_left,
    )
    live.counters(
        "pandora_database_login_failures",
        "Times that it was not lengthened or replaced, by kind.",
        label="kind",
        read=lambda: state.failures,
    )
