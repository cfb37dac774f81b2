"""Vault, PostgreSQL and Redis: connected in the documented order, and watched while we run."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from core.bootstrap.database_kind import require_fitting
from core.bootstrap.foundation import (
    Foundation,
    postgres_options,
    read_secrets,
    redis_endpoint,
    redis_login,
)
from core.bootstrap.mock_staff import require_no_mock_staff
from core.bootstrap.postgres_logins import service_login
from core.bootstrap.startup import Startup
from core.crypto.personal_texts import SealedPersonalTexts
from core.domain.audit import AuditEntry
from core.events.payloads import encode
from core.observability.health import DependencyState, HealthBoard, Probe
from core.observability.metrics import DependencyMetrics
from core.observability.standard_gauges import watch_postgres_pool
from core.postgres.database import PostgresDatabase
from core.redis.connection import open_client, ping
from core.vault.refresher import SecretRefresher
from core.vault.secrets import PERSONAL_DATA_KEY
from core.vault.source import SecretSource

_VAULT_PROBE_INTERVAL_SECONDS = 2.0
"""Vault is asked less often: each question opens a connection of its own."""

_PING_TIMEOUT_SECONDS = 1.0

OnCommit = Callable[[Sequence[AuditEntry]], None]
Ping = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the process is connected to."""

    vault: SecretSource
    secrets: SecretRefresher
    database: PostgresDatabase
    ping_redis: Ping


async def connect(startup: Startup, foundation: Foundation, *, on_commit: OnCommit) -> Dependencies:
    """Connect Vault, PostgreSQL and Redis, one step each.

    Raises:
        StartFailed: one of them is out of reach or refuses us.
    """
    vault, secrets = await startup.step(
        "read secrets from Vault", read_secrets(startup, foundation)
    )
    database = await startup.step(
        "connect PostgreSQL",
        open_database(startup, foundation, secrets, on_commit=on_commit, process="core"),
    )
    ping_redis = await startup.step("connect Redis", _open_redis(startup, foundation, secrets))
    return Dependencies(vault=vault, secrets=secrets, database=database, ping_redis=ping_redis)


async def open_database(
    startup: Startup,
    foundation: Foundation,
    secrets: SecretRefresher,
    *,
    on_commit: OnCommit,
    process: str,
    statement_timeout_seconds: float | None = None,
) -> PostgresDatabase:
    """Connect PostgreSQL with the login that Vault gives, now and after each rotation.

    A statement may take as long as the settings say, unless another bound is given.

    Raises:
        DependencyUnavailable: the server is out of reach or refuses the login.
        VaultError: the database engine makes no login.
        SchemaBehind: it lacks a migration that this version needs.
        ConfigurationRefused: its data is none for this environment.
    """
    options = postgres_options(foundation.settings.postgres, process=process)
    if statement_timeout_seconds is not None:
        options = replace(options, statement_timeout_seconds=statement_timeout_seconds)
    login = await service_login(startup, foundation, secrets)
    database = PostgresDatabase(
        options,
        login.source,
        encode_event=encode,
        personal_texts=personal_texts(secrets),
        on_commit=on_commit,
    )
    startup.on_end(database.close)
    await database.open()
    await require_fitting(foundation, database)
    await require_no_mock_staff(foundation.settings.environment, database)
    watch_postgres_pool(foundation.live, database.pool_measures)
    login.follow(database.renew_connections)
    return database


def personal_texts(secrets: SecretRefresher) -> SealedPersonalTexts:
    """Return what seals personal data, with the keys that Vault has at any time."""
    texts = SealedPersonalTexts(secrets.current.personal_data_keys)
    secrets.follow(PERSONAL_DATA_KEY, texts.replace)
    return texts


def watch(
    foundation: Foundation,
    dependencies: Dependencies,
    *,
    on_dependency: Callable[[str, bool], None],
) -> HealthBoard:
    """Return a board that probes all three. Only PostgreSQL decides whether we serve.

    Without Redis events wait in the outbox; without Vault we work on with what was read.
    """
    metrics = DependencyMetrics(foundation.registry)

    def report(state: DependencyState) -> None:
        is_up = bool(state.is_up)
        metrics.dependency(state.name, is_up=is_up)
        on_dependency(state.name, is_up)

    board = HealthBoard(
        (
            Probe(
                name="postgres",
                required=True,
                check=lambda: dependencies.database.ping(_PING_TIMEOUT_SECONDS),
            ),
            Probe(name="redis", required=False, check=dependencies.ping_redis),
            Probe(
                name="vault",
                required=False,
                check=dependencies.vault.check,
                interval_seconds=_VAULT_PROBE_INTERVAL_SECONDS,
            ),
        ),
        now=foundation.clock.now,
        on_dependency=report,
    )
    board.subscribe(metrics.serving)
    return board


async def _open_redis(startup: Startup, foundation: Foundation, secrets: SecretRefresher) -> Ping:
    client = open_client(redis_endpoint(foundation.settings), redis_login(secrets))
    startup.on_end(client.aclose)

    async def ask() -> None:
        await ping(client, timeout_seconds=_PING_TIMEOUT_SECONDS)

    await ask()
    return ask
