"""The logins to PostgreSQL: kept in Vault, or made by its database engine for each process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from core.bootstrap.foundation import Foundation, vault_source
from core.bootstrap.startup import Startup
from core.config.settings import DYNAMIC
from core.observability.standard_gauges import watch_database_login
from core.postgres.connection import LoginSource, PostgresLogin
from core.vault.database_client import DatabaseLoginClient
from core.vault.database_logins import DatabaseLogins
from core.vault.options import VaultOptions
from core.vault.refresher import SecretRefresher
from core.vault.secrets import POSTGRES, PostgresCredentials, Secret

Renew = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedLogin:
    """Asked for the login of every new connection, and tells when those of old ones have to go."""

    source: LoginSource
    follow: Callable[[Renew], None]


async def service_login(
    startup: Startup, foundation: Foundation, secrets: SecretRefresher
) -> FollowedLogin:
    """Return the login of a process that serves.

    Raises:
        VaultError: the database engine gives none.
    """
    if foundation.settings.postgres.credentials == DYNAMIC:
        role = foundation.settings.postgres.database_role
        return await dynamic_login(startup, foundation, foundation.logins.for_service(), role)

    async def login() -> PostgresLogin:
        return _login(secrets.current.postgres)

    return FollowedLogin(source=login, follow=lambda renew: _renew_when_rotated(secrets, renew))


async def dynamic_login(
    startup: Startup, foundation: Foundation, options: VaultOptions, role: str
) -> FollowedLogin:
    """Have a role of the database engine make a login, and keep it alive from then on.

    Raises:
        VaultError: it makes none.
    """
    logins = DatabaseLogins(
        lambda: DatabaseLoginClient(options),
        role=role,
        request_timeout_seconds=options.timeout_seconds,
        interval_seconds=foundation.settings.vault.refresh_interval_seconds,
    )
    startup.on_end(logins.close)
    await logins.begin()
    logins.start()
    watch_database_login(foundation.live, logins)

    async def login() -> PostgresLogin:
        found = logins.current
        return PostgresLogin(username=found.username, password=found.password)

    return FollowedLogin(source=login, follow=logins.follow)


async def single_login(
    startup: Startup,
    foundation: Foundation,
    options: VaultOptions,
    *,
    secret: Secret[PostgresCredentials],
    role: str,
) -> LoginSource:
    """Return the login of a command: read once, or made for it and removed when it ends.

    Raises:
        VaultError: it cannot be had.
    """
    if foundation.settings.postgres.credentials == DYNAMIC:
        return (await dynamic_login(startup, foundation, options, role)).source
    source = vault_source(options)
    try:
        known = _login(await source.read(secret))
    finally:
        await source.close()

    async def login() -> PostgresLogin:
        return known

    return login


def _login(credentials: PostgresCredentials) -> PostgresLogin:
    return PostgresLogin(username=credentials.username, password=credentials.password)


def _renew_when_rotated(secrets: SecretRefresher, renew: Callable[[], Awaitable[None]]) -> None:
    """Log in anew with a rotated password, without waiting for connections to grow old."""
    renewals: set[asyncio.Future[None]] = set()

    def rotated(_: PostgresCredentials) -> None:
        renewal = asyncio.ensure_future(renew())
        renewals.add(renewal)
        renewal.add_done_callback(renewals.discard)

    secrets.follow(POSTGRES, rotated)
