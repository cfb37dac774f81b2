"""The owner's login to the service's database, which Vault gives to the migrator alone."""

from core.bootstrap.foundation import Foundation, vault_source
from core.postgres.connection import PostgresLogin
from core.vault.secrets import POSTGRES_OWNER


async def owner_login(foundation: Foundation) -> PostgresLogin:
    """Read the login.

    Raises:
        VaultError: it cannot be read, or the settings name nothing to log in to Vault with.
    """
    source = vault_source(foundation.logins.for_migrator())
    try:
        owner = await source.read(POSTGRES_OWNER)
    finally:
        await source.close()
    return PostgresLogin(username=owner.username, password=owner.password)
