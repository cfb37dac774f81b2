"""The process that seals the audit log: `python -m core seal`."""

import asyncio
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from core.audit.checkpoint_carrier import CheckpointCarrier
from core.audit.checkpoint_file import CheckpointFile
from core.audit.sealer import Sealer, SealerPolicy
from core.bootstrap.database_kind import require_fitting
from core.bootstrap.foundation import (
    Foundation,
    postgres_options,
    tell_metrics,
    vault_source,
)
from core.bootstrap.postgres_logins import FollowedLogin, Renew, dynamic_login
from core.bootstrap.startup import Startup
from core.config.loading import ConfigurationRefused
from core.config.settings import DYNAMIC, Settings
from core.config.vault_settings import VaultSettings
from core.crypto.ed25519 import is_signed
from core.observability.seal_metrics import SealMetrics
from core.observability.standard_gauges import watch_postgres_pool
from core.postgres.audit_seals import PostgresSealLog
from core.postgres.connection import LoginSource, PostgresLogin
from core.postgres.pool import Pool
from core.postgres.pooled_database import PooledDatabase
from core.vault.errors import VaultError
from core.vault.options import VaultOptions
from core.vault.seal_key import SealKeyClient, VaultSealKey
from core.vault.secrets import POSTGRES
from core.vault.source import SecretSource

_STATEMENT_SECONDS: Final = 60.0
"""Finding the beginning of a long backlog takes a while, and nobody waits for it."""

_log = structlog.get_logger(__name__)


async def seal(foundation: Foundation, stopping: asyncio.Event) -> None:
    """Start, seal until `stopping` is set, and end. Vault may go away once we have started.

    Raises:
        StartFailed: a step of the start failed; what had started has been taken down.
    """
    settings = foundation.settings
    async with Startup() as startup:
        file = await startup.step("find the place of checkpoints", _checkpoint_file(settings))
        login = await startup.step("read the login from Vault", _login(startup, foundation))
        pool = await startup.step("connect PostgreSQL", _open_pool(startup, foundation, login))
        await startup.step(
            "open the metrics port",
            tell_metrics(startup, foundation, port=settings.audit.metrics_port),
        )
        sealer = _assemble(startup, foundation, pool, file)
        _log.info("sealing", origin=settings.audit.origin)
        await sealer.run(stopping)
        _log.info("stopping")


def seal_key(startup: Startup, settings: VaultSettings, options: VaultOptions) -> VaultSealKey:
    """Return the key that signs seals; it logs in at its first use."""
    seconds = settings.transit_timeout_seconds
    options = replace(options, timeout_seconds=seconds)
    key = VaultSealKey(
        lambda: SealKeyClient(options),
        key=settings.audit_seal_key,
        check=is_signed,
        timeout_seconds=seconds,
    )
    startup.on_end(key.close)
    return key


def _assemble(startup: Startup, foundation: Foundation, pool: Pool, file: Path) -> Sealer:
    settings = foundation.settings
    seals, metrics = PostgresSealLog(pool), SealMetrics(foundation.registry)
    return Sealer(
        log=seals,
        signer=seal_key(startup, settings.vault, foundation.logins.for_sealer()),
        carrier=CheckpointCarrier(
            log=seals,
            store=CheckpointFile(file),
            metrics=metrics,
            monotonic=time.monotonic,
            random=random.random,
        ),
        policy=SealerPolicy(
            origin=settings.audit.origin,
            interval_seconds=settings.audit.seal_interval_seconds,
            most_rows=settings.audit.seal_max_rows,
        ),
        metrics=metrics,
        clock=foundation.clock,
        random=random.random,
    )


async def _checkpoint_file(settings: Settings) -> Path:
    if settings.audit.checkpoint_file is None:
        raise ConfigurationRefused("audit.checkpoint_file is not set; the sealer needs one")
    return settings.audit.checkpoint_file


async def _login(startup: Startup, foundation: Foundation) -> FollowedLogin:
    settings, options = foundation.settings, foundation.logins.for_sealer()
    if settings.postgres.credentials == DYNAMIC:
        return await dynamic_login(startup, foundation, options, settings.postgres.database_role)
    source = vault_source(options)
    startup.on_end(source.close)
    interval_seconds = settings.vault.refresh_interval_seconds
    login = await followed_postgres_login(source, interval_seconds=interval_seconds)
    return FollowedLogin(source=login, follow=_ignore)


def _ignore(renew: Renew) -> None:
    """Close nothing: a connection lives for as long as its password was right once."""
    del renew


async def followed_postgres_login(source: SecretSource, *, interval_seconds: float) -> LoginSource:
    """Read the login, and return a source that reads it again when it has grown old.

    A Vault that is away takes away nothing that was read before.

    Raises:
        VaultError: it cannot be read even once.
    """
    known = await source.read(POSTGRES)
    read_at = time.monotonic()

    async def login() -> PostgresLogin:
        nonlocal known, read_at
        if time.monotonic() - read_at >= interval_seconds:
            read_at = time.monotonic()
            try:
                known = await source.read(POSTGRES)
            except VaultError as error:
                _log.warning("the login to PostgreSQL is not renewed", kind=error.kind)
        return PostgresLogin(username=known.username, password=known.password)

    return login


async def _open_pool(startup: Startup, foundation: Foundation, login: FollowedLogin) -> Pool:
    options = replace(
        postgres_options(foundation.settings.postgres, process="sealer"),
        pool_min_size=1,
        pool_max_size=2,
        statement_timeout_seconds=_STATEMENT_SECONDS,
    )
    pool = Pool(options, login.source)
    startup.on_end(pool.close)
    await pool.open()
    await require_fitting(foundation, PooledDatabase(pool))
    login.follow(pool.renew)
    watch_postgres_pool(foundation.live, pool.measures)
    return pool
