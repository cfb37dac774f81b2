"""Command line: `python -m tools.sqlc --dsn DSN`, DSN naming a database that has been migrated."""

import argparse
import sys
from pathlib import Path

import psycopg

import core.postgres
from tools.sqlc.check import check

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Print what was found; return 0 where it is nothing, 1 where it is something."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.sqlc",
        description="Checks every SQL statement against the migrated schema and its declaration.",
    )
    parser.add_argument("--dsn", required=True, help="libpq's connection string or URL")
    options = parser.parse_args(arguments)
    with psycopg.connect(options.dsn, autocommit=True, connect_timeout=10) as connection:
        number, findings = check(connection, root=_ROOT, package=core.postgres)
    for finding in findings:
        print(finding, file=sys.stderr)
    if not findings:
        print(f"{number} statements agree with the schema and with their declarations")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
