"""What the fake database keeps, and how a unit of work sees it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.domain.audit import AuditEvent
from core.domain.events import RecordedEvent
from core.domain.idempotency import KeyedAnswer
from core.domain.known_device import SeenDevice
from core.domain.kyc import KycReview
from core.domain.legal_hold import LegalHold
from core.domain.mail import NewMail
from core.domain.mfa import MfaChallenge, TotpEnrolment
from core.domain.one_time_token import OneTimeToken
from core.domain.ports.consumed_events import Consumption
from core.domain.refresh_token import RefreshToken
from core.domain.session import Session
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecoveryCode:
    """A recovery code's row."""

    user_id: UUID
    digest: str
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A mail's row: what was asked for, and what became of it."""

    mail: NewMail
    next_attempt_at: datetime
    refusals: int = 0
    last_error: str | None = None
    sent_at: datetime | None = None
    abandoned_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still to be sent."""
        return self.sent_at is None and self.abandoned_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFailures:
    """A row of consecutive failures."""

    digest: str
    account: str
    failures: int
    last_failed_at: datetime


@dataclass(slots=True, kw_only=True)
class Tables:
    """Everything that has been committed. Rows are immutable."""

    users: dict[UUID, StoredUser] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    service_tokens: dict[UUID, ServiceToken] = field(default_factory=dict)
    totp_enrolments: dict[UUID, TotpEnrolment] = field(default_factory=dict)
    recovery_codes: dict[tuple[UUID, str], StoredRecoveryCode] = field(default_factory=dict)
    mfa_challenges: dict[str, MfaChallenge] = field(default_factory=dict)
    one_time_tokens: dict[UUID, OneTimeToken] = field(default_factory=dict)
    mail: dict[UUID, StoredMail] = field(default_factory=dict)
    login_failures: dict[str, StoredFailures] = field(default_factory=dict)
    known_devices: dict[tuple[UUID, str], SeenDevice] = field(default_factory=dict)
    kyc_reviews: dict[UUID, KycReview] = field(default_factory=dict)
    keyed_answers: dict[str, KeyedAnswer] = field(default_factory=dict)
    audit: dict[int, AuditEvent] = field(default_factory=dict)
    legal_holds: dict[UUID, LegalHold] = field(default_factory=dict)
    outbox: dict[int, RecordedEvent] = field(default_factory=dict)
    consumed_events: dict[Consumption, datetime] = field(default_factory=dict)


class Overlay(Generic[K, V]):
    """One table as a unit of work sees it: what is committed at this moment under its own rows.

    That is what READ COMMITTED shows, row by row.
    """

    def __init__(self, committed: dict[K, V]) -> None:
        self._committed = committed
        # None stands for a row that this unit of work has removed.
        self._own: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        """Return the row or None."""
        return self._own[key] if key in self._own else self._committed.get(key)

    def values(self) -> list[V]:
        """Return every row, in no promised order."""
        rows = {**self._committed, **self._own}.values()
        return [row for row in rows if row is not None]

    def add(self, key: K, row: V) -> None:
        """Put a row that was not there before."""
        if self.get(key) is not None:
            raise PortMisuse(f"there is a row {key!r} already")
        self._own[key] = row

    def replace(self, key: K, row: V) -> None:
        """Put another version of a row."""
        self._own[key] = row

    def remove(self, key: K) -> None:
        """Take a row away, if it is there."""
        self._own[key] = None

    def publish(self) -> None:
        """Make the own rows everybody's."""
        for key, row in self._own.items():
            if row is None:
                self._committed.pop(key, None)
            else:
                self._committed[key] = row


@dataclass(slots=True, kw_only=True)
class View:
    """All tables as one unit of work sees them."""

    users: Overlay[UUID, StoredUser]
    sessions: Overlay[UUID, Session]
    refresh_tokens: Overlay[str, RefreshToken]
    service_tokens: Overlay[UUID, ServiceToken]
    totp_enrolments: Overlay[UUID, TotpEnrolment]
    recovery_codes: Overlay[tuple[UUID, str], StoredRecoveryCode]
    mfa_challenges: Overlay[str, MfaChallenge]
    one_time_tokens: Overlay[UUID, OneTimeToken]
    mail: Overlay[UUID, StoredMail]
    login_failures: Overlay[str, StoredFailures]
    known_devices: Overlay[tuple[UUID, str], SeenDevice]
    kyc_reviews: Overlay[UUID, KycReview]
    keyed_answers: Overlay[str, KeyedAnswer]
    audit: Overlay[int, AuditEvent]
    legal_holds: Overlay[UUID, LegalHold]
    outbox: Overlay[int, RecordedEvent]
    consumed_events: Overlay[Consumption, datetime]

    @classmethod
    def of(cls, tables: Tables) -> "View":
        """Look at the tables without having changed anything."""
        return cls(
            users=Overlay(tables.users),
            sessions=Overlay(tables.sessions),
            refresh_tokens=Overlay(tables.refresh_tokens),
            service_tokens=Overlay(tables.service_tokens),
            totp_enrolments=Overlay(tables.totp_enrolments),
            recovery_codes=Overlay(tables.recovery_codes),
            mfa_challenges=Overlay(tables.mfa_challenges),
            one_time_tokens=Overlay(tables.one_time_tokens),
            mail=Overlay(tables.mail),
            login_failures=Overlay(tables.login_failures),
            known_devices=Overlay(tables.known_devices),
            kyc_reviews=Overlay(tables.kyc_reviews),
            keyed_answers=Overlay(tables.keyed_answers),
            audit=Overlay(tables.audit),
            legal_holds=Overlay(tables.legal_holds),
            outbox=Overlay(tables.outbox),
            consumed_events=Overlay(tables.consumed_events),
        )

    def publish(self) -> None:
        """Make every change visible; nothing else runs in between, for nothing here waits."""
        self.users.publish()
        self.sessions.publish()
        self.refresh_tokens.publish()
        self.service_tokens.publish()
        self.totp_enrolments.publish()
        self.recovery_codes.publish()
        self.mfa_challenges.publish()
        self.one_time_tokens.publish()
        self.mail.publish()
        self.login_failures.publish()
        self.known_devices.publish()
        self.kyc_reviews.publish()
        self.keyed_answers.publish()
        self.audit.publish()
        self.legal_holds.publish()
        self.outbox.publish()
        self.consumed_events.publish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Committed content at one moment; two of them are equal when nothing changed between."""

    users: Mapping[UUID, StoredUser]
    sessions: Mapping[UUID, Session]
    refresh_tokens: Mapping[str, RefreshToken]
    service_tokens: Mapping[UUID, ServiceToken]
    totp_enrolments: Mapping[UUID, TotpEnrolment]
    recovery_codes: Mapping[tuple[UUID, str], StoredRecoveryCode]
    mfa_challenges: Mapping[str, MfaChallenge]
    one_time_tokens: Mapping[UUID, OneTimeToken]
    mail: Mapping[UUID, StoredMail]
    login_failures: Mapping[str, StoredFailures]
    known_devices: Mapping[tuple[UUID, str], SeenDevice]
    kyc_reviews: Mapping[UUID, KycReview]
    keyed_answers: Mapping[str, KeyedAnswer]
    audit: Mapping[int, AuditEvent]
    legal_holds: Mapping[UUID, LegalHold]
    outbox: Mapping[int, RecordedEvent]
    consumed_events: Mapping[Consumption, datetime]

    @classmethod
    def of(cls, tables: Tables) -> "Snapshot":
        """Copy the tables; their rows are immutable."""
        return cls(
            users=dict(tables.users),
            sessions=dict(tables.sessions),
            refresh_tokens=dict(tables.refresh_tokens),
            service_tokens=dict(tables.service_tokens),
            totp_enrolments=dict(tables.totp_enrolments),
            recovery_codes=dict(tables.recovery_codes),
            mfa_challenges=dict(tables.mfa_challenges),
            one_time_tokens=dict(tables.one_time_tokens),
            mail=dict(tables.mail),
            login_failures=dict(tables.login_failures),
            known_devices=dict(tables.known_devices),
            kyc_reviews=dict(tables.kyc_reviews),
            keyed_answers=dict(tables.keyed_answers),
            audit=dict(tables.audit),
            legal_holds=dict(tables.legal_holds),
            outbox=dict(tables.outbox),
            consumed_events=dict(tables.consumed_events),
        )
