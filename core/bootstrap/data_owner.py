"""Logins to the service's database for a command that runs for hours: kept in Vault, or made."""

from core.bootstrap.foundation import Foundation
from core.bootstrap.postgres_logins import single_login
from core.bootstrap.startup import Startup
from core.postgres.connection import PostgresLogin
from core.vault.secrets import POSTGRES, POSTGRES_OWNER


async def owner_login(startup: Startup, foundation: Foundation) -> PostgresLogin:
    """Return the owner's login, which Vault gives to the migrator alone.

    One that the database engine makes is kept alive until `startup` ends, up to its greatest life.

    Raises:
        VaultError: it cannot be had, or the settings name nothing to log in to Vault with.
    """
    login = await single_login(
        startup,
        foundation,
        foundation.logins.for_migrator(),
        secret=POSTGRES_OWNER,
        role=foundation.settings.postgres.owner_database_role,
    )
    return await login()


async def service_login(startup: Startup, foundation: Foundation) -> PostgresLogin:
    """Return the login of those who serve, which can add and not change. Else as `owner_login`.

    Raises:
        VaultError: it cannot be had.
    """
    login = await single_login(
        startup,
        foundation,
        foundation.logins.for_service(),
        secret=POSTGRES,
        role=foundation.settings.postgres.database_role,
    )
    return await login()
