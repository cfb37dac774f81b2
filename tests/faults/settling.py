"""Waiting until a service that is whole again has caught up, and ending it."""

import asyncio
import contextlib
import time
from typing import Final

import psycopg

from tests.e2e.site import Site
from tests.faults.deployment import Deployment
from tests.faults.evidence import event_id, read_stream
from tests.faults.publisher import Publisher

PATIENCE_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 0.1


async def settle(deployment: Deployment, publisher: Publisher) -> list[str]:
    """Stop the cores, let the others finish their work, stop them; return what went wrong."""
    problems = []
    await deployment.await_ready()
    # What is still under way is finished or given up; after that nothing is written any more.
    problems += await _stop(deployment, "core")
    await asyncio.to_thread(publisher.publish_again)
    began = time.monotonic()
    while (waiting := await asyncio.to_thread(_waiting, deployment.site, publisher)) != "":
        if time.monotonic() - began > PATIENCE_SECONDS:
            problems.append(f"after {PATIENCE_SECONDS:.0f} s {waiting}")
            break
        await asyncio.sleep(_LOOK_SECONDS)
    # Who writes first ends first; the sealers see its last row.
    for role in ("consumer", "relay", "sealer"):
        problems += await _stop(deployment, role)
    return problems


async def _stop(deployment: Deployment, role: str) -> list[str]:
    replicas = deployment.of_role(role)
    for replica in replicas:
        replica.is_wanted = False
    ends = await asyncio.gather(*(each.stop() for each in replicas), return_exceptions=True)
    return [
        f"{replica.name} did not end well: {end}"
        for replica, end in zip(replicas, ends, strict=True)
        if end is not None
    ]


def _waiting(site: Site, publisher: Publisher) -> str:
    """Tell what is not done yet: events to be consumed, published or sent again, rows to seal."""
    with contextlib.closing(psycopg.connect(site.database.admin_dsn)) as connection:
        rows = connection.execute("SELECT id::text, published_at IS NULL FROM outbox").fetchall()
        handled = connection.execute("SELECT count(*) FROM consumed_events").fetchone()
        unsealed = connection.execute(
            "SELECT count(*) FROM audit_events WHERE sequence NOT IN"
            " (SELECT unnest(sequences) FROM audit_seals)"
        ).fetchone()
    if handled is None or handled[0] < len(publisher.operations):
        return f"{handled} of {len(publisher.operations)} decisions are applied"
    if unburied := publisher.unburied():
        return f"{len(unburied)} malformed events are no dead letters"
    unpublished = sum(is_waiting for _, is_waiting in rows)
    if unpublished:
        return f"{unpublished} events are not published"
    in_stream = {event_id(entry) for entry in read_stream(site)}
    if lost := {name for name, _ in rows} - in_stream:
        return f"{len(lost)} events that the stream has lost are not sent again"
    if unsealed is not None and unsealed[0]:
        return f"{unsealed[0]} rows are not sealed"
    return ""
