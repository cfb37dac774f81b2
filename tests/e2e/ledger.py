"""What the service has written: rows, as a database's administrator sees them, and events."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import psycopg
import redis.asyncio

from tests.e2e.service import Service
from tests.postgres_client import until

# All but the time and the place of an event's publication, which come later.
_OUTBOX: Final = "(id, user_id, event_type, payload, trace_id, occurred_at)"
# All but what the sender writes down, at a time of its own.
_MAIL: Final = "(id, user_id, template, token_id, created_at)"
_TABLES: Final = {
    "users": "users::text",
    "sessions": "sessions::text",
    "refresh_tokens": "refresh_tokens::text",
    "kyc_reviews": "kyc_reviews::text",
    "totp_enrolments": "totp_enrolments::text",
    "recovery_codes": "recovery_codes::text",
    "mfa_challenges": "mfa_challenges::text",
    "known_devices": "known_devices::text",
    "service_tokens": "service_tokens::text",
    "one_time_tokens": "one_time_tokens::text",
    "idempotency_keys": "idempotency_keys::text",
    "mail_outbox": f"ROW{_MAIL}::text",
    "outbox": f"ROW{_OUTBOX}::text",
}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that is stored: of each table the rows' number and the digest of all of them."""

    tables: Mapping[str, tuple[int, str]]
    audit_rows: int


def snapshot(service: Service) -> Snapshot:
    """Look at all tables at one moment."""
    tables = " UNION ALL ".join(
        f"SELECT '{table}', count(*), md5(coalesce(string_agg({row}, '|' ORDER BY {row}), ''))"  # noqa: S608
        f" FROM {table}"
        for table, row in _TABLES.items()
    )
    audited = "SELECT 'audit_events', count(*), '' FROM audit_events"
    found = {
        table: (number, digest)
        for table, number, digest in rows(service, f"{tables} UNION ALL {audited}")
    }
    audit_rows, _ = found.pop("audit_events")
    return Snapshot(tables=found, audit_rows=audit_rows)


def rows(service: Service, statement: str, *values: object) -> Sequence[tuple[Any, ...]]:
    """Run a query as the superuser."""
    with psycopg.connect(service.site.database.admin_dsn) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def count(service: Service, statement: str, *values: object) -> int:
    """Return the one number that a query answers."""
    ((number,),) = rows(service, statement, *values)
    return int(number)


async def everything_published(service: Service) -> None:
    """Return once the relay has carried every event of the outbox to the stream."""

    async def drained() -> bool:
        waiting = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
        return count(service, waiting) == 0

    await until(drained)


async def stream_entries(service: Service) -> Sequence[Mapping[str, str]]:
    """Return every entry of the service's stream, as Redis has it."""
    async with redis.asyncio.Redis.from_url(
        service.site.servers.stack.valkey.url(), decode_responses=True
    ) as client:
        entries = await client.xrange(service.site.stream)
    return [cast("dict[str, str]", fields) for _, fields in entries or ()]


async def events_of(service: Service, user_id: str) -> Sequence[dict[str, Any]]:
    """Return the envelopes of everything published about somebody, in the stream's order."""
    await everything_published(service)
    envelopes = [json.loads(entry["event"]) for entry in await stream_entries(service)]
    return [each for each in envelopes if each["payload"]["user_id"] == user_id]


@asynccontextmanager
async def row_held(service: Service, user_id: str) -> AsyncIterator[None]:
    """Hold somebody's row: every change of that person waits until the block ends."""
    async with await psycopg.AsyncConnection.connect(service.site.database.admin_dsn) as holder:
        await holder.execute("SELECT FROM users WHERE id = %s FOR UPDATE", (user_id,))
        yield


async def until_lock_waiters(service: Service, number: int) -> None:
    """Return once so many of the service's statements wait for a lock in its database."""
    await until(_lock_waiters(service, number))


def _lock_waiters(service: Service, number: int) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return count(service, waiting) >= number

    return reached
