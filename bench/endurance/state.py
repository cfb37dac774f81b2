"""What a running service holds at a moment: memory, descriptors, threads, connections, rows."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from bench.service.workers import Running
from bench.usage import memory_mebibytes, open_descriptors, threads
from tests.e2e.site import Site

_FEWEST_ROWS: Final = 1000
_POLL_SECONDS: Final = 1.0
_BLOAT: Final = """
    SELECT relname, n_dead_tup, n_live_tup FROM pg_stat_user_tables
    WHERE n_live_tup + n_dead_tup >= %(fewest)s ORDER BY relname
"""
_UNPUBLISHED: Final = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_CONNECTIONS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = %(role)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process."""

    mib: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Processes by their names; connections of the service's role to its database."""

    processes: Mapping[str, Process]
    connections: int


def processes_of(running: Running, beside: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Return every process of the service by a name of its own."""
    named = {
        f"{kind}-{number}": pid
        for kind in ("core", "gateway")
        for number, pid in enumerate(running.workers(kind), start=1)
    }
    return named | {kind: roots[0] for kind, roots in beside.items()}


def look(site: Site, pids: Mapping[str, int]) -> State:
    """Look at all of them."""
    return State(
        processes={
            name: Process(
                mib=memory_mebibytes(pid),
                descriptors=open_descriptors(pid),
                threads=threads(pid),
            )
            for name, pid in pids.items()
        },
        connections=_number(site, _CONNECTIONS, {"role": "pandora_service"}),
    )


def await_quiet(site: Site, *, seconds: float) -> int:
    """Return how many events still wait to be published, 0 as soon as none does."""
    deadline = time.monotonic() + seconds
    while (waiting := _number(site, _UNPUBLISHED)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return waiting


def dead_shares(site: Site) -> Mapping[str, float]:
    """Return the share of dead rows in each table with enough rows to tell."""
    with psycopg.connect(site.database.admin_dsn) as connection:
        found = connection.execute(_BLOAT, {"fewest": _FEWEST_ROWS}).fetchall()
    return {str(name): dead / (dead + live) for name, dead, live in found}


def await_vacuum(site: Site, *, most: float, seconds: float) -> Mapping[str, float]:
    """Return the shares once autovacuum has brought all below `most`, or when time is over."""
    deadline = time.monotonic() + seconds
    while max((shares := dead_shares(site)).values(), default=0) > most:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return shares


def _number(site: Site, statement: str, params: Mapping[str, str] | None = None) -> int:
    with psycopg.connect(site.database.admin_dsn) as connection:
        row = connection.execute(statement.encode(), params).fetchone()
    return int(row[0]) if row else 0
