"""Processor time of one operation in each process, and bytes of one row in each table."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from bench.capacity.people import Operation
from bench.errors import BenchError
from bench.usage import family_seconds
from devstack.process import Daemon
from tests.e2e.ledger import everything_published, rows
from tests.e2e.service import Service
from tests.postgres_client import until

AT_ONCE: Final = 4
_IDLE_SECONDS: Final = 5.0
_TABLES: Final = "SELECT relname FROM pg_stat_user_tables ORDER BY relname"
_FEWEST_ROWS: Final = 200


def processor_seconds(service: Service) -> Mapping[str, float]:
    """Return what each process and server has used so far, its ended children included."""
    stack = service.site.servers.stack
    servers = {"postgres": stack.postgres, "redis": stack.valkey, "vault": stack.openbao}
    pids = {name: process.pid for name, process in service.processes.items()}
    for name, server in servers.items():
        daemon: Daemon = vars(server)["_daemon"]
        if daemon.pid is not None:
            pids[name] = daemon.pid
    return {name: family_seconds(pid) for name, pid in pids.items()}


async def idle_load(service: Service) -> Mapping[str, float]:
    """Return the processor seconds a second that each uses with nothing to do."""
    before, began = processor_seconds(service), time.monotonic()
    await asyncio.sleep(_IDLE_SECONDS)
    return _difference(before, processor_seconds(service), time.monotonic() - began)


async def cost(
    service: Service, operation: Operation, *, number: int, idle: Mapping[str, float]
) -> Mapping[str, float]:
    """Do something `number` times, four at once; return milliseconds by process for one.

    Events and seals that follow from it are waited for, and what idling costs is taken off.
    """
    before, began = processor_seconds(service), time.monotonic()
    await _repeat(operation, number)
    await everything_published(service)
    await until(lambda: _sealed(service))
    seconds = time.monotonic() - began
    after = processor_seconds(service)
    used = _difference(before, after, 1.0)
    return {
        name: max(0.0, used[name] - idle[name] * seconds) * 1000 / number for name in sorted(used)
    }


def row_bytes(service: Service) -> Mapping[str, Mapping[str, int]]:
    """Return table and index bytes for a row of each table with enough of them to tell."""
    found: dict[str, Mapping[str, int]] = {}
    for (name,) in rows(service, _TABLES):
        # Names of our own tables, out of the catalogue.
        sizes = f"count(*), pg_table_size('{name}'), pg_indexes_size('{name}')"
        ((count, table, indexes),) = rows(service, f"SELECT {sizes} FROM {name}")  # noqa: S608
        if count >= _FEWEST_ROWS:
            found[str(name)] = {
                "rows": count,
                "table": round(table / count),
                "indexes": round(indexes / count),
            }
    return found


async def _repeat(operation: Operation, number: int) -> None:
    left = iter(range(number))

    async def work() -> None:
        for _ in left:
            answer = await operation()
            if answer.status >= 300:  # noqa: PLR2004 - HTTP's classes of statuses
                raise BenchError(f"{answer.status}: {answer.body[:200]!r}")

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _sealed(service: Service) -> bool:
    ((count,),) = rows(
        service,
        """
        SELECT count(*) FROM audit_events
        WHERE sequence > (SELECT coalesce(max(last_sequence), 0) FROM audit_seals)
        """,
    )
    return bool(count == 0)


def _difference(
    before: Mapping[str, float], after: Mapping[str, float], divisor: float
) -> Mapping[str, float]:
    return {name: (after[name] - before[name]) / divisor for name in after}
