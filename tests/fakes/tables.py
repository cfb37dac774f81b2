"""What the fake database keeps, and how a unit of work sees it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.domain.audit import AuditEvent
from core.domain.events import RecordedEvent
from core.domain.kyc import KycReview
from core.domain.session import RefreshToken, Session
from core.domain.user import User

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PortMisuse(AssertionError):
    """A caller did what the port's words forbid; the fault lies with the caller, not with data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUser:
    """A user's row: the account and the columns that the account does not show."""

    user: User
    email_key: str
    hashed_password: str


@dataclass(slots=True, kw_only=True)
class Tables:
    """Everything that has been committed. Rows are immutable and never removed."""

    users: dict[UUID, StoredUser] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    service_tokens: dict[UUID, ServiceToken] = field(default_factory=dict)
    kyc_reviews: dict[UUID, KycReview] = field(default_factory=dict)
    audit: dict[int, AuditEvent] = field(default_factory=dict)
    outbox: dict[int, RecordedEvent] = field(default_factory=dict)


class Overlay(Generic[K, V]):
    """One table as a unit of work sees it: what is committed at this moment under its own rows.

    That is what READ COMMITTED shows, row by row.
    """

    def __init__(self, committed: dict[K, V]) -> None:
        self._committed = committed
        self._own: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the row or None."""
        return self._own.get(key, self._committed.get(key))

    def values(self) -> list[V]:
        """Return every row, in no promised order."""
        return list({**self._committed, **self._own}.values())

    def add(self, key: K, row: V) -> None:
        """Put a row that was not there before."""
        if self.get(key) is not None:
            raise PortMisuse(f"there is a row {key!r} already")
        self._own[key] = row

    def replace(self, key: K, row: V) -> None:
        """Put another version of a row."""
        self._own[key] = row

    def publish(self) -> None:
        """Make the own rows everybody's."""
        self._committed.update(self._own)


@dataclass(slots=True, kw_only=True)
class View:
    """All tables as one unit of work sees them."""

    users: Overlay[UUID, StoredUser]
    sessions: Overlay[UUID, Session]
    refresh_tokens: Overlay[str, RefreshToken]
    service_tokens: Overlay[UUID, ServiceToken]
    kyc_reviews: Overlay[UUID, KycReview]
    audit: Overlay[int, AuditEvent]
    outbox: Overlay[int, RecordedEvent]

    @classmethod
    def of(cls, tables: Tables) -> "View":
        """Look at the tables without having changed anything."""
        return cls(
            users=Overlay(tables.users),
            sessions=Overlay(tables.sessions),
            refresh_tokens=Overlay(tables.refresh_tokens),
            service_tokens=Overlay(tables.service_tokens),
            kyc_reviews=Overlay(tables.kyc_reviews),
            audit=Overlay(tables.audit),
            outbox=Overlay(tables.outbox),
        )

    def publish(self) -> None:
        """Make every change visible; nothing else runs in between, for nothing here waits."""
        self.users.publish()
        self.sessions.publish()
        self.refresh_tokens.publish()
        self.service_tokens.publish()
        self.kyc_reviews.publish()
        self.audit.publish()
        self.outbox.publish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Committed content at one moment; two of them are equal when nothing changed between."""

    users: Mapping[UUID, StoredUser]
    sessions: Mapping[UUID, Session]
    refresh_tokens: Mapping[str, RefreshToken]
    service_tokens: Mapping[UUID, ServiceToken]
    kyc_reviews: Mapping[UUID, KycReview]
    audit: Mapping[int, AuditEvent]
    outbox: Mapping[int, RecordedEvent]

    @classmethod
    def of(cls, tables: Tables) -> "Snapshot":
        """Copy the tables; their rows are immutable."""
        return cls(
            users=dict(tables.users),
            sessions=dict(tables.sessions),
            refresh_tokens=dict(tables.refresh_tokens),
            service_tokens=dict(tables.service_tokens),
            kyc_reviews=dict(tables.kyc_reviews),
            audit=dict(tables.audit),
            outbox=dict(tables.outbox),
        )
