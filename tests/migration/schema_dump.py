"""The whole schema of a database as text, rights and comments included."""

import os
import subprocess

from psycopg.conninfo import conninfo_to_dict

from devstack.postgres_install import programs


def dump(dsn: str, *, without: str | None = None) -> str:
    """Return what pg_dump says of the schema; equal texts mean equal schemas.

    `without` names a table that is left out.
    """
    parameters = conninfo_to_dict(dsn)
    done = subprocess.run(
        [
            programs(None) / "pg_dump",
            "--schema-only",
            # Random unless given: a word that guards restores.
            "--restrict-key=comparison",
            *([f"--exclude-table={without}"] if without else []),
            f"--host={parameters['host']}",
            f"--port={parameters['port']}",
            f"--username={parameters['user']}",
            str(parameters["dbname"]),
        ],
        env={**os.environ, "PGPASSWORD": str(parameters["password"])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
