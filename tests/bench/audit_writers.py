"""What sealing costs those who write: `make bench-audit`.

Sixteen writers commit changes, each with its audit row and its event, as a use case does. Rounds
beside a sealer at work and beside one that is stopped follow each other quickly and in turns, so
that whatever else goes on on the machine meets both alike. Before a round with the sealer nothing
waits to be sealed: it has the round's own rows to deal with and no others. Told is the ratio of the
medians.
"""

import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

import psycopg

from core.domain.events import UserUpdated
from core.postgres.database import PostgresDatabase
from devstack.temporary import temporary_stack
from tests.contract.records import Records
from tests.e2e.processes import Process
from tests.e2e.site import Site, new_site
from tests.postgres_client import open_database, options_of
from tests.servers import start_servers

WRITERS: Final = 16
ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "40"))
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "2"))
LEAST_RATIO: Final = 0.9


async def main() -> int:
    """Measure, tell, and return 0 if the writers keep as much as they were promised."""
    with (
        temporary_stack() as stack,
        tempfile.TemporaryDirectory() as folder,
        new_site(start_servers(stack), Path(folder)) as site,
    ):
        dsn = site.database.service_dsn
        options = replace(options_of(dsn), pool_min_size=WRITERS, pool_max_size=WRITERS)
        async with open_database(dsn, options=options) as database:
            people = await _people(database)
            work = partial(_write, database, people, seconds=SECONDS)
            sealer = site.start("core", "seal")
            await work()
            without: list[float] = []
            beside: list[float] = []
            for number in range(ROUNDS):
                for is_sealed in (number % 2 == 0, number % 2 != 0):
                    rate = await _round(site, sealer, work, is_sealed=is_sealed)
                    (beside if is_sealed else without).append(rate)
            sealer.resume()
            await asyncio.to_thread(sealer.stop)
    ratio = median(beside) / median(without)
    pairs = [one / other for one, other in zip(beside, without, strict=True)]
    print(f"changes/s without sealing: {_told(without)}")
    print(f"changes/s beside a sealer: {_told(beside)}")
    print(f"ratio of medians: {ratio:.3f} (promised: {LEAST_RATIO}); within pairs of rounds:")
    least, *_, most = sorted(pairs)
    print(f"  from {least:.2f} to {most:.2f}, median {median(pairs):.3f}")
    return 0 if ratio >= LEAST_RATIO else 1


async def _round(
    site: Site, sealer: Process, work: Callable[[], Awaitable[float]], *, is_sealed: bool
) -> float:
    if not is_sealed:
        sealer.pause()
        return await work()
    sealer.resume()
    await asyncio.to_thread(sealer.wait_until, lambda: _unsealed(site) == 0)
    return await work()


async def _write(database: PostgresDatabase, people: Sequence[UUID], *, seconds: float) -> float:
    """Let all writers change their own people until the time is over; return changes a second."""
    began = time.monotonic()
    made = count()

    async def write(person: UUID) -> None:
        records = Records()
        while time.monotonic() - began < seconds:
            now = datetime.now(UTC)
            entry = records.audit_entry(user_id=person, actor_id=str(person), occurred_at=now)
            event = records.event(UserUpdated(user_id=person, changed_fields=("full_name",)))
            async with database.transaction() as unit:
                await unit.users.lock(person)
                await unit.users.update_profile(person, full_name=uuid.uuid4().hex, at=now)
                await unit.audit.append(replace(entry, id=uuid.uuid4()))
                await unit.outbox.append(replace(event, id=uuid.uuid4(), occurred_at=now))
                await unit.commit()
            next(made)

    await asyncio.gather(*(write(person) for person in people))
    return next(made) / (time.monotonic() - began)


async def _people(database: PostgresDatabase) -> Sequence[UUID]:
    records = Records()
    users = [records.new_user(f"writer{number}@example.com") for number in range(WRITERS)]
    async with database.transaction() as unit:
        for user in users:
            await unit.users.create(user)
        await unit.commit()
    return [user.id for user in users]


def _unsealed(site: Site) -> int:
    with psycopg.connect(site.database.service_dsn) as service:
        found = service.execute(
            "SELECT (SELECT count(*) FROM audit_events)"
            " - coalesce((SELECT max(size) FROM audit_seals), 0)"
        ).fetchone()
    return int(found[0]) if found else 0


def _told(rates: Sequence[float]) -> str:
    return f"median {median(rates):.0f}, from {min(rates):.0f} to {max(rates):.0f}"


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
