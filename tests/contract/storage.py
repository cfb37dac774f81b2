"""The same few questions to the real database and to the one in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from core.domain.audit import AuditEntry
from core.domain.kyc import KycReview
from core.domain.mail import NewMail
from core.domain.one_time_token import OneTimeToken
from core.domain.ports.mail import MailQueue
from core.domain.ports.unit_of_work import Database
from core.domain.refresh_token import RefreshToken
from core.domain.session import Session
from core.domain.user import NewUser, User
from core.postgres.database import PostgresDatabase
from core.postgres.execution import UnitOfWorkMisused
from tests.fakes.database import FakeDatabase
from tests.fakes.tables import PortMisuse

Misuse = (PortMisuse, UnitOfWorkMisused)
"""What a caller gets who does what the port forbids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """What is committed of an event, apart from its payload."""

    id: UUID
    user_id: UUID
    event_type: str
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailState:
    """What is committed of a mail's fate."""

    id: UUID
    sent_at: datetime | None
    abandoned_at: datetime | None
    attempts: int
    next_attempt_at: datetime
    last_error: str | None


class Storage(Protocol):
    """A database, and what a test must see of it behind the ports."""

    database: Database
    mail_queue: MailQueue

    def mail_states(self) -> Sequence[MailState]:
        """Return every committed mail by its id."""
        ...

    def stored_events(self) -> Sequence[StoredEvent]:
        """Return every committed event by its number."""
        ...


class InMemory:
    """The fake."""

    def __init__(self, database: FakeDatabase) -> None:
        self.database: Database = database
        self.mail_queue: MailQueue = database.mail_queue()
        self._fake = database

    def mail_states(self) -> Sequence[MailState]:
        return [
            MailState(
                id=mail_id,
                sent_at=row.sent_at,
                abandoned_at=row.abandoned_at,
                attempts=row.refusals,
                next_attempt_at=row.next_attempt_at,
                last_error=row.last_error,
            )
            for mail_id, row in sorted(self._fake.tables.mail.items())
        ]

    def stored_events(self) -> Sequence[StoredEvent]:
        return [
            StoredEvent(
                id=recorded.id,
                user_id=recorded.event.user_id,
                event_type=recorded.event.event_type,
                trace_id=recorded.trace_id,
            )
            for recorded in self._fake.recorded_events
        ]


class OnPostgres:
    """The real one; the DSN is the owner's."""

    def __init__(self, database: PostgresDatabase, dsn: str) -> None:
        self.database: Database = database
        self.mail_queue: MailQueue = database.mail_queue()
        self._dsn = dsn

    def mail_states(self) -> Sequence[MailState]:
        with psycopg.connect(self._dsn, row_factory=class_row(MailState)) as connection:
            return connection.execute(
                "SELECT id, sent_at, abandoned_at, attempts, next_attempt_at, last_error"
                " FROM mail_outbox ORDER BY id"
            ).fetchall()

    def stored_events(self) -> Sequence[StoredEvent]:
        with psycopg.connect(self._dsn, row_factory=class_row(StoredEvent)) as connection:
            return connection.execute(
                "SELECT id, user_id, event_type, trace_id FROM outbox ORDER BY sequence"
            ).fetchall()


async def store_user(storage: Storage, user: NewUser) -> User:
    async with storage.database.transaction() as unit:
        created = await unit.users.create(user)
        await unit.commit()
    return created


async def store_session(storage: Storage, session: Session) -> Session:
    async with storage.database.transaction() as unit:
        await unit.sessions.create(session)
        await unit.commit()
    return session


async def store_token(storage: Storage, token: RefreshToken) -> RefreshToken:
    async with storage.database.transaction() as unit:
        await unit.refresh_tokens.add(token)
        await unit.commit()
    return token


async def store_reviews(storage: Storage, *reviews: KycReview) -> Sequence[KycReview]:
    async with storage.database.transaction() as unit:
        for review in reviews:
            await unit.kyc_reviews.add(review)
        await unit.commit()
    return reviews


async def store_entries(storage: Storage, *entries: AuditEntry) -> Sequence[AuditEntry]:
    async with storage.database.transaction() as unit:
        for entry in entries:
            await unit.audit.append(entry)
        await unit.commit()
    return entries


async def store_one_time_token(storage: Storage, token: OneTimeToken) -> OneTimeToken:
    """Store a token as a use case does: under its person's lock, in place of older ones."""
    async with storage.database.transaction() as unit:
        await unit.users.lock(token.user_id)
        await unit.one_time_tokens.supersede(token.user_id, token.purpose, at=token.created_at)
        await unit.one_time_tokens.add(token)
        await unit.commit()
    return token


async def store_mail(storage: Storage, *mails: NewMail) -> Sequence[NewMail]:
    async with storage.database.transaction() as unit:
        for mail in mails:
            await unit.mail.append(mail)
        await unit.commit()
    return mails
