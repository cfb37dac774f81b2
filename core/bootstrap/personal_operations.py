"""Telling people what is stored of them, and erasing them, on the command line."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from core.bootstrap.dependencies import open_database
from core.bootstrap.foundation import Foundation, read_secrets, redis_endpoint, redis_login
from core.bootstrap.maintainer import open_maintainer_database
from core.bootstrap.operations import operator, uncounted
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import Startup, in_one_line
from core.crypto.keyed_digests import HmacDigests
from core.domain.errors import Conflict, DependencyUnavailable, DomainError
from core.redis.connection import open_client
from core.redis.dead_letters import dead_stream
from core.redis.stream_sweep import RedisStreamSweep
from core.service.erasure import Erased, Erasure, ErasureRefused, PersonalExport
from core.service.recording import Recorder
from core.vault.refresher import SecretRefresher

_log = structlog.get_logger(__name__)


async def export_person(foundation: Foundation, *, user_id: UUID) -> None:
    """Print one JSON document with everything that is stored of a person.

    Raises:
        OperationRefused: there is no such person, or they were erased.
    """
    async with Startup() as startup, _one_line():
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        seconds = foundation.settings.maintenance.statement_timeout_seconds
        database = await startup.step(
            "connect PostgreSQL",
            open_database(
                startup,
                foundation,
                secrets,
                on_commit=uncounted,
                process="operator",
                statement_timeout_seconds=seconds,
            ),
        )
        export = PersonalExport(
            database=database,
            data=database.personal_data(),
            digests=HmacDigests(secrets.current.throttle_key),
            recorder=Recorder(clock=foundation.clock, ids=foundation.ids),
        )
        document = await export.export(user_id, caller=operator(foundation))
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


async def erase_person(foundation: Foundation, *, user_id: UUID) -> None:
    """Erase a person who was deleted, as the maintainer of the database.

    Raises:
        OperationRefused: there is no such person, they are not deleted or under a legal hold, or
            something is out of reach.
    """
    async with Startup() as startup, _one_line():
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        database = await open_maintainer_database(startup, foundation, process="erase")
        erasure = Erasure(
            database=database,
            streams=_sweep(startup, foundation, secrets),
            digests=HmacDigests(secrets.current.throttle_key),
            recorder=Recorder(clock=foundation.clock, ids=foundation.ids),
        )
        outcome = await erasure.erase(user_id, caller=operator(foundation))
        left_over = await erasure.left_over(user_id)
    words = {Erased.NOW: "erased", Erased.BEFORE: "has been erased before"}
    sys.stdout.write(f"{user_id} {words[outcome]}\n")
    if left_over:
        _log.warning("audit_rows_not_erasable", user_id=str(user_id), rows=left_over)


def _sweep(startup: Startup, foundation: Foundation, secrets: SecretRefresher) -> RedisStreamSweep:
    settings = foundation.settings
    endpoint = redis_endpoint(settings)
    client = open_client(endpoint, redis_login(secrets))
    startup.on_end(client.aclose)
    return RedisStreamSweep(
        client=client,
        events=settings.redis.event_stream,
        others=(settings.consumer.stream, dead_stream(settings.consumer.stream)),
        timeout_seconds=endpoint.total_timeout_seconds,
    )


@asynccontextmanager
async def _one_line() -> AsyncIterator[None]:
    """Turn what is refused into one line for the operator."""
    try:
        yield
    except ErasureRefused as refusal:
        raise OperationRefused(str(refusal)) from refusal
    except DependencyUnavailable as failure:
        raise OperationRefused(in_one_line(failure)) from failure
    except Conflict as refusal:
        raise OperationRefused("somebody else works on the account; try again") from refusal
    except DomainError as refusal:
        raise OperationRefused(f"{refusal.reason}: {refusal}") from refusal
