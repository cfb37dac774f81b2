"""The same few questions to the real database and to the one in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from core.domain.audit import AuditEntry
from core.domain.kyc import KycReview
from core.domain.ports.unit_of_work import Database
from core.domain.session import RefreshToken, Session
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


class Storage(Protocol):
    """A database, and what a test must see of it behind the ports."""

    database: Database

    def stored_events(self) -> Sequence[StoredEvent]:
        """Return every committed event by its number."""
        ...


class InMemory:
    """The fake."""

    def __init__(self, database: FakeDatabase) -> None:
        self.database: Database = database
        self._fake = database

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
        self._dsn = dsn

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
