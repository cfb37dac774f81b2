"""The roles of the service, and databases that belong to one and admit the others."""

from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import sql

from devstack.postgres import PostgresServer

OWNER: Final = "pandora_owner"
SERVICE: Final = "pandora_service"
MAINTAINER: Final = "pandora_maintainer"
DATABASE: Final = "pandora"
_ADMITTED: Final = (SERVICE, MAINTAINER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user's name and password for PostgreSQL or Valkey."""

    username: str
    password: str = field(repr=False)


class Databases:
    """Makes roles and databases on a running server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def grant_login(self, credentials: Credentials) -> None:
        """Let a role without any privilege of its own log in with exactly this password."""
        role = sql.Identifier(credentials.username)
        with self._connect() as connection:
            known = connection.execute(
                "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", [credentials.username]
            )
            if known.rowcount == 0:
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            # The verifier instead of the password: statements can end up in the server's log.
            verifier = connection.pgconn.encrypt_password(
                credentials.password.encode(), credentials.username.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL(
                    "ALTER ROLE {} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
                    "NOBYPASSRLS PASSWORD {}"
                ).format(role, verifier)
            )

    def ensure(self, name: str) -> None:
        """Make the database if it is missing, and admit whom it admits; the roles exist."""
        with self._connect() as connection:
            known = connection.execute(
                "SELECT FROM pg_catalog.pg_database WHERE datname = %s", [name]
            )
            if known.rowcount == 0:
                self._create(connection, name, template="template1")
            else:
                _admit(connection, name)
        self._restrict(name)

    def clone(self, template: str, name: str) -> None:
        """Make the database as a copy of another one, to which nobody is connected."""
        with self._connect() as connection:
            self._create(connection, name, template=template)

    def close_to_connections(self, name: str) -> None:
        """Admit nobody, so that the database can be cloned at any time."""
        with self._connect() as connection:
            statement = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false")
            connection.execute(statement.format(sql.Identifier(name)))

    def drop(self, name: str) -> None:
        """Remove the database, ending the sessions in it."""
        with self._connect() as connection:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(statement.format(sql.Identifier(name)))

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self._server.dsn(database), autocommit=True)

    def _create(self, connection: psycopg.Connection, name: str, *, template: str) -> None:
        database, owner = sql.Identifier(name), sql.Identifier(OWNER)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                database, sql.Identifier(template), owner
            )
        )
        # A copy does not take over who may connect.
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        _admit(connection, name)

    def _restrict(self, name: str) -> None:
        with self._connect(name) as connection:
            owner = sql.Identifier(OWNER)
            connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(_admitted()))


def _admit(connection: psycopg.Connection, name: str) -> None:
    statement = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
    connection.execute(statement.format(sql.Identifier(name), _admitted()))


def _admitted() -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, _ADMITTED))
