"""Alembic's environment: runs the revisions on the connection that the caller hands in.

`core.postgres.migration` opens that connection, holds the lock, and sets the time limits. Without
a connection only SQL can be written (`alembic -c migrations/alembic.ini upgrade head --sql`).
"""

from alembic import context
from sqlalchemy import Connection


def run_online(connection: Connection) -> None:
    """Run each revision in a transaction of its own."""
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    """Write the SQL of the revisions to standard output."""
    context.configure(
        dialect_name="postgresql",
        # The driver's own style would have every % in the SQL written twice.
        dialect_opts={"paramstyle": "named"},
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    run_online(given)
elif context.is_offline_mode():
    run_offline()
else:
    raise RuntimeError("migrations are run by `python -m core migrate`, which opens the connection")
