"""Statements of a person's export, their parameters, and their rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.postgres.audit_rows import AuditRecord
from core.postgres.statements import Many, One


class PersonParams(TypedDict):
    """Names a person."""

    user_id: UUID


class LaneParams(TypedDict):
    """Names the account at which logins failed, by its digest."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAccount:
    """An account; `email_key` and `is_erased` are for whoever exports."""

    id: UUID
    email: str = field(repr=False)
    full_name: str | None = field(repr=False)
    role: str
    kyc_status: str
    email_verified: bool
    mfa_enabled: bool
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None
    deleted_at: datetime | None
    email_key: str = field(repr=False)
    is_erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSession:
    """A session."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    amr: list[str]
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    revoked_at: datetime | None
    revocation_cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRefresh:
    """A refresh token's times."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedDevice:
    """A known device's times."""

    first_seen_at: datetime
    last_seen_at: datetime
    country_is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTotp:
    """A TOTP secret's times."""

    created_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRecoveryCode:
    """A recovery code's times."""

    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedChallenge:
    """A login that asked for the second factor."""

    created_at: datetime
    expires_at: datetime
    failures: int
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedOneTimeToken:
    """A one-time token's purpose and times."""

    purpose: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedMail:
    """A mail and what became of it."""

    template: str
    created_at: datetime
    sent_at: datetime | None
    abandoned_at: datetime | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedKeyedAnswer:
    """A call that came with an idempotency key; the answer says nothing that is not elsewhere."""

    method: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFailures:
    """Failed logins in a row."""

    failures: int
    last_failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedEvent:
    """An event in the outbox."""

    id: UUID
    event_type: str
    payload: Mapping[str, object] = field(repr=False)
    occurred_at: datetime
    published_at: datetime | None


_FILE = "personal_export"

ACCOUNT = One(_FILE, "export_account", PersonParams, ExportedAccount)
SESSIONS = Many(_FILE, "export_sessions", PersonParams, ExportedSession)
REFRESHES = Many(_FILE, "export_refreshes", PersonParams, ExportedRefresh)
DEVICES = Many(_FILE, "export_devices", PersonParams, ExportedDevice)
TOTP = One(_FILE, "export_totp", PersonParams, ExportedTotp)
RECOVERY_CODES = Many(_FILE, "export_recovery_codes", PersonParams, ExportedRecoveryCode)
CHALLENGES = Many(_FILE, "export_challenges", PersonParams, ExportedChallenge)
ONE_TIME_TOKENS = Many(_FILE, "export_one_time_tokens", PersonParams, ExportedOneTimeToken)
MAILS = Many(_FILE, "export_mails", PersonParams, ExportedMail)
KEYED_ANSWERS = Many(_FILE, "export_keyed_answers", PersonParams, ExportedKeyedAnswer)
FAILURES = Many(_FILE, "export_failures", LaneParams, ExportedFailures)
EVENTS = Many(_FILE, "export_events", PersonParams, ExportedEvent)
AUDIT_EVENTS = Many(_FILE, "export_audit_events", PersonParams, AuditRecord)
