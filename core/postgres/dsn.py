"""Where the database is, in one string, for tools that want it so."""

from psycopg.conninfo import make_conninfo

from core.postgres.connection import PostgresLogin, PostgresOptions


def dsn(options: PostgresOptions, login: PostgresLogin) -> str:
    """Return a libpq connection string. It holds the password: never log it."""
    return make_conninfo(
        host=options.host,
        port=options.port,
        dbname=options.database,
        user=login.username,
        password=login.password,
        **options.libpq,
    )
