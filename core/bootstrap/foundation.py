"""What every process of the core stands on: settings, logs, numbers, traces, secrets."""

import asyncio
import secrets
from dataclasses import dataclass, replace
from functools import partial

from opentelemetry import trace
from prometheus_client import CollectorRegistry

from core.bootstrap.startup import Startup
from core.config.settings import STATIC, PostgresSettings, Settings
from core.crypto.identifiers import MonotonicUuid7
from core.observability.clock import SystemClock
from core.observability.live_metrics import LiveMetrics
from core.observability.logging import Logs
from core.observability.metrics import new_registry
from core.observability.metrics_server import start_metrics_server
from core.observability.standard_gauges import watch_logs, watch_secrets
from core.observability.tracing import Tracing, TracingOptions, start_tracing
from core.postgres.connection import PostgresOptions
from core.postgres.tls import tls_parameters
from core.redis.connection import CredentialSource, RedisCredentials, RedisEndpoint
from core.vault.client import VaultClient
from core.vault.options import VaultLogins, VaultOptions
from core.vault.refresher import SecretRefresher, read_service_secrets
from core.vault.source import SecretSource
from core.vault.transit import TransitSecretBox
from supervision.families import told
from supervision.worker import Worker

VERSION = "0.1.0"
"""Version of the service, as traces tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """Made once for each process, before anything is connected."""

    settings: Settings
    clock: SystemClock
    ids: MonotonicUuid7
    logins: VaultLogins
    registry: CollectorRegistry
    live: LiveMetrics
    worker: Worker | None = None
    """Where this process is one of several: its end of the channel to their supervisor."""

    @classmethod
    def lay(cls, settings: Settings, logs: Logs, worker: Worker | None = None) -> "Foundation":
        """Build the parts that need nobody else."""
        registry = new_registry()
        live = LiveMetrics(registry)
        watch_logs(live, lambda: logs.dropped)
        clock = SystemClock()
        return cls(
            settings=settings,
            clock=clock,
            ids=MonotonicUuid7(clock=clock, randomness=secrets.token_bytes),
            logins=VaultLogins(settings.vault),
            registry=registry,
            live=live,
            worker=worker,
        )


def vault_source(options: VaultOptions) -> SecretSource:
    """Return a source of secrets that has not asked for one yet."""
    return SecretSource(
        lambda: VaultClient(options), request_timeout_seconds=options.timeout_seconds
    )


async def read_secrets(
    startup: Startup, foundation: Foundation
) -> tuple[SecretSource, SecretRefresher]:
    """Read every secret of the service, and keep them fresh from then on.

    Raises:
        VaultError: one of them cannot be had, or there is no Vault.
    """
    settings = foundation.settings.vault
    is_kept = foundation.settings.postgres.credentials == STATIC
    source = vault_source(foundation.logins.for_service())
    startup.on_end(source.close)
    refresher = SecretRefresher(
        source,
        await read_service_secrets(source, with_postgres=is_kept),
        interval_seconds=settings.refresh_interval_seconds,
    )
    watch_secrets(foundation.live, refresher)
    refresher.start()
    startup.on_end(refresher.stop)
    return source, refresher


def transit_secret_box(startup: Startup, foundation: Foundation) -> TransitSecretBox:
    """Return what seals TOTP secrets. It logs in at its first use: Vault may be away until then."""
    settings = foundation.settings.vault
    seconds = settings.transit_timeout_seconds
    options = replace(foundation.logins.for_service(), timeout_seconds=seconds)
    box = TransitSecretBox(lambda: VaultClient(options), timeout_seconds=seconds)
    startup.on_end(box.close)
    return box


def postgres_options(settings: PostgresSettings, *, process: str) -> PostgresOptions:
    """Return where PostgreSQL is, and how long this process waits for it."""
    return PostgresOptions(
        host=settings.host,
        port=settings.port,
        database=settings.database,
        application_name=f"pandora-user-{process}",
        pool_min_size=settings.pool_min_size,
        pool_max_size=settings.pool_max_size,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        acquire_timeout_seconds=settings.acquire_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        lock_timeout_seconds=settings.lock_timeout_seconds,
        libpq=tls_parameters(
            mode=settings.sslmode,
            negotiation=settings.sslnegotiation,
            ca_file=settings.ca_file,
        ),
    )


def redis_login(refresher: SecretRefresher) -> CredentialSource:
    """Return a source of the login that asks for the newest one at every new connection."""

    async def login() -> RedisCredentials:
        credentials = refresher.current.redis
        return RedisCredentials(username=credentials.username, password=credentials.password)

    return login


def redis_endpoint(settings: Settings) -> RedisEndpoint:
    """Return where Redis is, and how long to wait for it."""
    return RedisEndpoint(
        host=settings.redis.host,
        port=settings.redis.port,
        connect_timeout_seconds=settings.redis.connect_timeout_seconds,
        command_timeout_seconds=settings.redis.command_timeout_seconds,
        tls=settings.redis.tls,
        ca_file=settings.redis.ca_file,
    )


async def begin_tracing(startup: Startup, foundation: Foundation, *, process: str) -> Tracing:
    """Set up tracing for this process; spans begun before go nowhere."""
    settings = foundation.settings
    tracing = start_tracing(
        TracingOptions(
            service_name=f"{settings.telemetry.service_name}-{process}",
            service_version=VERSION,
            environment=settings.environment.value,
            sampling_ratio=settings.telemetry.sampling_ratio,
            otlp_endpoint=settings.telemetry.otlp_endpoint,
            otlp_ca_file=settings.telemetry.otlp_ca_file,
        )
    )
    startup.on_end(tracing.close)
    # The database was connected before; its spans find their way from here on.
    trace.set_tracer_provider(tracing.provider)
    return tracing


async def tell_metrics(startup: Startup, foundation: Foundation, *, port: int) -> None:
    """Open the port of the metrics; a worker tells its supervisor instead.

    Raises:
        MetricsPortUnavailable: the address is taken.
    """
    if foundation.worker is not None:
        foundation.worker.count_with(partial(told, foundation.registry))
        # When the server has stopped, and nothing is counted any more.
        startup.on_end(partial(asyncio.to_thread, foundation.worker.end))
        return
    host = foundation.settings.core.metrics_host
    server = await start_metrics_server(foundation.registry, host=host, port=port)
    startup.on_end(server.close)
