"""The database as its maintainer sees it: a role of its own, which no serving process has."""

from dataclasses import replace

from core.bootstrap.database_kind import require_fitting
from core.bootstrap.foundation import Foundation, postgres_options
from core.bootstrap.operations import uncounted
from core.bootstrap.postgres_logins import single_login
from core.bootstrap.startup import Startup
from core.events.payloads import encode
from core.postgres.connection import LoginSource
from core.postgres.database import PostgresDatabase
from core.vault.secrets import POSTGRES_MAINTAINER

_CONNECTIONS = 2

_IDLE_SECONDS = 2.0
"""How long a maintainer that was stopped may keep a lock that writers of the log wait for."""


async def open_maintainer_database(
    startup: Startup,
    foundation: Foundation,
    *,
    process: str = "maintain",
    login: LoginSource | None = None,
) -> PostgresDatabase:
    """Connect PostgreSQL as `pandora_maintainer`, with a login that was read, or else is read now.

    Raises:
        StartFailed: Vault or PostgreSQL is out of reach, or the schema lacks a migration.
    """
    if login is None:
        step = "read the maintainer's login from Vault"
        login = await startup.step(step, maintainer_login(startup, foundation))
    return await startup.step("connect PostgreSQL", _open(startup, foundation, login, process))


async def maintainer_login(startup: Startup, foundation: Foundation) -> LoginSource:
    """Return the login that Vault gives to the maintainer alone.

    Raises:
        VaultError: it cannot be had, or the settings name nothing to log in with.
    """
    return await single_login(
        startup,
        foundation,
        foundation.logins.for_maintainer(),
        secret=POSTGRES_MAINTAINER,
        role=foundation.settings.postgres.maintainer_database_role,
    )


async def _open(
    startup: Startup, foundation: Foundation, login: LoginSource, process: str
) -> PostgresDatabase:
    settings = foundation.settings
    options = replace(
        postgres_options(settings.postgres, process=process),
        pool_min_size=1,
        pool_max_size=_CONNECTIONS,
        statement_timeout_seconds=settings.maintenance.statement_timeout_seconds,
        idle_in_transaction_timeout_seconds=_IDLE_SECONDS,
    )
    database = PostgresDatabase(options, login, encode_event=encode, on_commit=uncounted)
    startup.on_end(database.close)
    await database.open()
    await require_fitting(foundation, database)
    return database
