"""Opens the service's own database adapter on a test's database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import psycopg
from opentelemetry import trace
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from core.crypto.personal_texts import SealedPersonalTexts
from core.domain.audit import AuditEntry
from core.domain.events import DomainEvent
from core.domain.ports.personal_texts import PersonalTexts
from core.domain.user import NewUser, User
from core.postgres.connection import LoginSource, PostgresLogin, PostgresOptions
from core.postgres.database import PostgresDatabase

_TABLES = (
    "refresh_tokens",
    "sessions",
    "mail_outbox",
    "one_time_tokens",
    "kyc_reviews",
    "totp_enrolments",
    "recovery_codes",
    "mfa_challenges",
    "login_failures",
    "known_devices",
    "idempotency_keys",
    "users",
    "service_tokens",
    "outbox",
    "consumed_events",
    "audit_seals",
    "audit_events",
    "audit_legal_holds",
    "audit_retirements",
)

PERSONAL_TEXTS = SealedPersonalTexts([b"p" * 32])
"""What seals personal data in tests that do not bring their own keys."""


def options_of(dsn: str) -> PostgresOptions:
    """Return where a DSN leads to, with the service's own time limits."""
    parameters = conninfo_to_dict(dsn)
    return PostgresOptions(
        host=str(parameters["host"]),
        port=int(str(parameters["port"])),
        database=str(parameters["dbname"]),
        libpq={name: str(value) for name, value in parameters.items() if name.startswith("ssl")},
    )


def plain_login_of(dsn: str) -> PostgresLogin:
    """Return the login that a DSN holds."""
    parameters = conninfo_to_dict(dsn)
    return PostgresLogin(username=str(parameters["user"]), password=str(parameters["password"]))


def login_of(dsn: str) -> LoginSource:
    """Return a source of the login that a DSN holds."""
    login = plain_login_of(dsn)

    async def source() -> PostgresLogin:
        return login

    return source


def encode_event(event: DomainEvent) -> Mapping[str, object]:
    """Make the least payload that there is."""
    return {"user_id": str(event.user_id)}


async def store_user(database: PostgresDatabase, new: NewUser) -> User:
    """Store an account in a unit of work of its own."""
    async with database.transaction() as unit:
        user = await unit.users.create(new)
        await unit.commit()
    return user


async def until(condition: Callable[[], Awaitable[bool]], *, deadline_seconds: float = 20) -> None:
    """Return once a condition on another process or task holds."""
    async with asyncio.timeout(deadline_seconds):
        while not await condition():  # noqa: ASYNC110 - it may lie in another process
            await asyncio.sleep(0.02)


def ignore_entries(entries: Sequence[AuditEntry]) -> None:
    """Take note of nothing."""


def empty(admin_dsn: str) -> None:
    """Remove every row, as only a superuser can: the audit log's triggers stand aside for it.

    Far faster than cloning a database for every test.
    """
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in _TABLES:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        connection.execute("UPDATE event_stream SET lost_up_to = '0-0', trimmed_below = '0-0'")


@asynccontextmanager
async def open_database(
    dsn: str,
    *,
    options: PostgresOptions | None = None,
    personal_texts: PersonalTexts = PERSONAL_TEXTS,
    on_commit: Callable[[Sequence[AuditEntry]], None] = ignore_entries,
    tracer: trace.Tracer | None = None,
) -> AsyncIterator[PostgresDatabase]:
    """Open the adapter for as long as the block runs."""
    database = PostgresDatabase(
        options or options_of(dsn),
        login_of(dsn),
        encode_event=encode_event,
        personal_texts=personal_texts,
        on_commit=on_commit,
        tracer=tracer,
    )
    await database.open()
    try:
        yield database
    finally:
        await database.close()
