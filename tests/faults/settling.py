"""Waiting until a service that is whole again has caught up, and ending it."""

import asyncio
import contextlib
import time
from typing import Final

import psycopg

from tests.e2e.processes import ProcessEnded
from tests.e2e.site import Site
from tests.faults.deployment import Deployment
from tests.faults.evidence import event_id, read_stream

PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2


async def settle(deployment: Deployment) -> list[str]:
    """Stop the cores, let the others finish their work, stop them; return what went wrong."""
    problems = []
    await deployment.await_ready()
    # What is still under way is finished or given up; after that nothing is written any more.
    problems += await _stop(deployment, "core")
    began = time.monotonic()
    while (waiting := await asyncio.to_thread(_waiting, deployment.site)) != "":
        if time.monotonic() - began > PATIENCE_SECONDS:
            problems.append(f"after {PATIENCE_SECONDS:.0f} s {waiting}")
            break
        await asyncio.sleep(_LOOK_SECONDS)
    for role in ("relay", "sealer"):
        problems += await _stop(deployment, role)
    return problems


async def _stop(deployment: Deployment, role: str) -> list[str]:
    problems = []
    for replica in deployment.of_role(role):
        replica.is_wanted = False
        try:
            await replica.stop()
        except (ProcessEnded, TimeoutError) as error:
            problems.append(f"{replica.name} did not end well: {error}")
    return problems


def _waiting(site: Site) -> str:
    """Tell what is not done yet: events to be published or sent again, rows to be sealed."""
    with contextlib.closing(psycopg.connect(site.database.admin_dsn)) as connection:
        rows = connection.execute("SELECT id::text, published_at IS NULL FROM outbox").fetchall()
        unsealed = connection.execute(
            "SELECT count(*) FROM audit_events WHERE sequence NOT IN"
            " (SELECT unnest(sequences) FROM audit_seals)"
        ).fetchone()
    unpublished = sum(is_waiting for _, is_waiting in rows)
    if unpublished:
        return f"{unpublished} events are not published"
    in_stream = {event_id(entry) for entry in read_stream(site)}
    if lost := {name for name, _ in rows} - in_stream:
        return f"{len(lost)} events that the stream has lost are not sent again"
    if unsealed is not None and unsealed[0]:
        return f"{unsealed[0]} rows are not sealed"
    return ""
