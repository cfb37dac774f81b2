"""A real database engine that makes logins to a real PostgreSQL, with lives as short as asked."""

import fcntl
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from core.postgres.connection import LoginSource, PostgresLogin
from core.vault.database_client import DatabaseLoginClient
from core.vault.database_logins import DatabaseLogins
from core.vault.logins import AppRoleLogin
from core.vault.options import VaultOptions
from core.vault.wrapped_secret_id import PlainSecretId
from devstack.database_engine import ENGINE, DatabaseEngine
from devstack.databases import SERVICE
from devstack.stack import Stack
from devstack.vault_access import MOUNT, TOTP_KEY, TRANSIT, BootstrapFiles, VaultAccess

INTERVAL_SECONDS = 0.2


class DatabaseLoginScene:
    """One role of the engine, and an AppRole that may use it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.root = stack.openbao.client()
        self._stack = stack
        self._files = BootstrapFiles.within(folder)
        self._access = VaultAccess(self.root, f"test/{uuid.uuid4().hex}")
        with alone(stack.root):
            self._access.mount()
            self.engine = DatabaseEngine(self.root, stack.postgres)
            self.engine.ensure()
        self.role = self._access.own_name("logins")
        self._access.admit("service", readable=[], logins=["logins"], files=self._files)

    def offer(self, *, ttl: str = "1h", max_ttl: str = "24h", rights_of: str = SERVICE) -> None:
        """Make the engine's role."""
        self.engine.offer(self.role, rights_of=rights_of, ttl=ttl, max_ttl=max_ttl)

    def tune_token(self, **settings: object) -> None:
        """Change the life of the AppRole's tokens."""
        name = self._access.own_name("service")
        self.root.auth.approle.create_or_update_approle(name, **settings)

    def refuse_renewals(self) -> None:
        """Take the right to lengthen leases away."""
        policy = f'path "{ENGINE}/creds/{self.role}" {{ capabilities = ["read"] }}'
        self.root.sys.create_or_update_policy(self._access.own_name("service"), policy)

    def revoke(self) -> None:
        """Take every login away that the role has made."""
        self.root.sys.revoke_prefix(f"{ENGINE}/creds/{self.role}")

    def exists(self, username: str) -> bool:
        """Whether PostgreSQL knows a login."""
        return bool(self.ask("SELECT 1 FROM pg_roles WHERE rolname = %s", username))

    def ask(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask PostgreSQL as its superuser."""
        with psycopg.connect(self._stack.postgres.dsn("postgres"), autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    @property
    def options(self) -> VaultOptions:
        """How the AppRole logs in."""
        return VaultOptions(
            address=self._stack.openbao.address,
            mount=MOUNT,
            prefix="unused",
            login=AppRoleLogin(
                mount="approle",
                role_id_file=self._files.role_id,
                secret_id=PlainSecretId(self._files.secret_id),
            ),
            timeout_seconds=5.0,
            transit_mount=TRANSIT,
            transit_key=TOTP_KEY,
            database_mount=ENGINE,
        )

    def logins(
        self,
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        new_client: Callable[[VaultOptions], DatabaseLoginClient] = DatabaseLoginClient,
    ) -> DatabaseLogins:
        """Return what keeps a login; it has not begun."""
        return DatabaseLogins(
            lambda: new_client(self.options),
            role=self.role,
            request_timeout_seconds=5.0,
            interval_seconds=interval_seconds,
            chance=lambda: 0.0,
        )

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[DatabaseLogins]:
        """Keep a login for as long as the block runs."""
        logins = self.logins()
        await logins.begin()
        logins.start()
        try:
            yield logins
        finally:
            await logins.close()


def source_of(logins: DatabaseLogins) -> LoginSource:
    """Return what asks for the login of each new connection."""

    async def source() -> PostgresLogin:
        return PostgresLogin(username=logins.current.username, password=logins.current.password)

    return source


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Let one process at a time set the shared servers up."""
    with (root / "engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
