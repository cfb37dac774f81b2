"""Servers, a database with people in it, and settings under which a service is measured."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from bench.errors import BenchError
from bench.loads.hashing import BUILD
from devstack.temporary import temporary_stack
from tests.e2e.processes import run_to_end
from tests.e2e.site import Site, new_site
from tests.servers import Servers, start_servers

_SYNTHESIS_SECONDS: Final = 4 * 3600.0
SETTINGS: Final[Mapping[str, str]] = {
    # Limits stand: they are looked at for every call. Nobody reaches them.
    **{
        f"PANDORA_LIMITS__{kind}": "1000000/second"
        for kind in ("LOGIN", "REGISTRATION", "TOKEN", "READ", "WRITE", "SERVICE", "RECOVERY")
    },
    "PANDORA_LIMITS__MAILBOX": "1000000/hour",
    # Nobody is exempt (RFC 5737: an address that nobody has), so the limits by address are asked.
    "PANDORA_LIMITS__EXEMPT_NETWORKS": "192.0.2.0/24",
    # Tokens are made before the first round and used in the last one.
    "PANDORA_TOKENS__ACCESS_TOKEN_SECONDS": "3600",
}


@contextmanager
def measured_servers() -> Iterator[Servers]:
    """Run PostgreSQL (fsync on), Valkey and OpenBao that nobody else uses."""
    with temporary_stack() as stack:
        yield start_servers(stack)


@contextmanager
def populated_site(servers: Servers, folder: Path, *, users: int) -> Iterator[Site]:
    """Make a site whose database holds made-up people and all that they did."""
    folder.mkdir(parents=True, exist_ok=True)
    # As in the images: what the compiler has made for this processor hashes, if it is there.
    builds = {"PANDORA_PASSWORDS__ARGON2_BUILDS": str(BUILD.resolve())} if BUILD.exists() else {}
    with new_site(servers, folder, settings={**SETTINGS, **builds}) as site:
        populate(site, users)
        yield site


def populate(site: Site, users: int) -> None:
    """Make people up, and let PostgreSQL look at what came. Raises BenchError."""
    print(f"bench: making up {users:,} people", file=sys.stderr)
    made = run_to_end(
        ("core", "data", "synthesize", "--users", str(users)),
        site.environment("core"),
        seconds=_SYNTHESIS_SECONDS,
    )
    if made.returncode != 0:
        raise BenchError(f"data synthesize: {made.stderr[-500:]}")
    told = json.loads(made.stdout)
    print(f"bench: {sum(told['rows'].values()):,} rows in {told['seconds']} s", file=sys.stderr)
    # As autovacuum will have done after a while; it would do it in the middle of a round.
    with psycopg.connect(site.database.admin_dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
