"""OpenBao's database engine: it makes logins to PostgreSQL, and removes them with their lease."""

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import hvac
import psycopg
from psycopg import sql

from devstack.databases import MAINTAINER, OWNER, SERVICE
from devstack.ports import HOST
from devstack.postgres import PostgresServer

ENGINE: Final = "database"
ENGINE_LOGIN: Final = "pandora_vault"
"""What the engine itself logs in as: it may make roles and hand these out, and read nothing."""

DATABASE_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pandora-user-service": SERVICE,
        "pandora-user-service-owner": OWNER,
        "pandora-user-service-maintainer": MAINTAINER,
    }
)
"""The engine's roles, and whose rights the logins of each have."""

_CONNECTION: Final = "pandora"

# The session works as the role with the rights, so what it makes belongs to that one, and rules
# that name it hold. `{{password}}` is a verifier: no password is in a statement.
_CREATION: Final = (
    "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
    'GRANT {role} TO "{{name}}"',
    'ALTER ROLE "{{name}}" SET role = {role}',
)
_RENEWAL: Final = ("ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}'",)
_REVOCATION: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'",
    'DROP ROLE IF EXISTS "{{name}}"',
)


class DatabaseEngine:
    """Sets the engine up, as OpenBao's and PostgreSQL's administrator; may be repeated."""

    def __init__(self, client: hvac.Client, server: PostgresServer) -> None:
        self._client = client
        self._server = server

    def ensure(self) -> None:
        """Mount the engine, and let it log in with a password that nobody else knows."""
        if f"{ENGINE}/" in self._client.sys.list_mounted_secrets_engines()["data"]:
            return
        self._client.sys.enable_secrets_engine("database", ENGINE)
        password = secrets.token_urlsafe(24)
        self._grant(password)
        self._client.secrets.database.configure(
            _CONNECTION,
            "postgresql-database-plugin",
            allowed_roles=["*"],
            connection_url=(
                f"postgresql://{{{{username}}}}:{{{{password}}}}@{HOST}:{self._server.port}/postgres"
                f"?{self._server.parameters}"
            ),
            username=ENGINE_LOGIN,
            password=password,
            password_authentication="scram-sha-256",  # noqa: S106 - the name of a method
            mount_point=ENGINE,
        )

    def offer(self, name: str, *, rights_of: str, ttl: str = "1h", max_ttl: str = "24h") -> None:
        """Make a role whose logins have the rights of a role of PostgreSQL."""
        self._client.secrets.database.create_role(
            name,
            _CONNECTION,
            creation_statements=[text.replace("{role}", rights_of) for text in _CREATION],
            renew_statements=list(_RENEWAL),
            revocation_statements=list(_REVOCATION),
            default_ttl=ttl,
            max_ttl=max_ttl,
            mount_point=ENGINE,
        )

    def _grant(self, password: str) -> None:
        """Let the engine's login hand out roles that it is no member of itself."""
        login = sql.Identifier(ENGINE_LOGIN)
        with psycopg.connect(self._server.dsn("postgres"), autocommit=True) as connection:
            known = connection.execute(
                "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", [ENGINE_LOGIN]
            )
            if known.rowcount == 0:
                connection.execute(sql.SQL("CREATE ROLE {}").format(login))
            verifier = connection.pgconn.encrypt_password(
                password.encode(), ENGINE_LOGIN.encode(), b"scram-sha-256"
            ).decode()
            statement = sql.SQL("ALTER ROLE {} WITH LOGIN CREATEROLE PASSWORD {}")
            connection.execute(statement.format(login, verifier))
            for role in (SERVICE, OWNER, MAINTAINER):
                connection.execute(
                    sql.SQL("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE").format(
                        sql.Identifier(role), login
                    )
                )
            # Ending the sessions of a login that is taken away.
            connection.execute(sql.SQL("GRANT pg_signal_backend TO {}").format(login))
