"""Statements on mail, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.mail import MailTemplate, WaitingMail
from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.postgres.statements import Exec, One


class NewMailParams(TypedDict):
    """All that is stored of a new mail."""

    id: UUID
    user_id: UUID
    template: str
    token_id: UUID | None
    created_at: datetime


class ClaimMailParams(TypedDict):
    """The present, and how long the mail is kept from others."""

    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMailRecord:
    """A mail beside its person and its token, if it has one."""

    id: UUID
    template: str
    created_at: datetime
    attempts: int
    email: str = field(repr=False)
    deleted_at: datetime | None
    token_id: UUID | None
    digest: str | None = field(repr=False)
    purpose: str | None
    user_id: UUID | None
    token_created_at: datetime | None
    expires_at: datetime | None
    used_at: datetime | None
    superseded_at: datetime | None


class MailSentParams(TypedDict):
    """A mail that was sent."""

    mail_id: UUID
    at: datetime


class PostponeMailParams(TypedDict):
    """A mail that is tried again later."""

    mail_id: UUID
    cause: str
    until: datetime
    refused: bool


class AbandonMailParams(TypedDict):
    """A mail that is not sent."""

    mail_id: UUID
    cause: str
    at: datetime
    refused: bool


class MailBacklogParams(TypedDict):
    """Where to stop counting."""

    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailBacklogRecord:
    """How many mails wait, up to the bound, and since when the oldest of them has."""

    waiting_count: int | None
    oldest_created_at: datetime | None


_FILE = "mail_outbox"
APPEND_MAIL = Exec(_FILE, "append_mail", NewMailParams)
CLAIM_MAIL = One(_FILE, "claim_mail", ClaimMailParams, ClaimedMailRecord)
MARK_MAIL_SENT = Exec(_FILE, "mark_mail_sent", MailSentParams)
POSTPONE_MAIL = Exec(_FILE, "postpone_mail", PostponeMailParams)
ABANDON_MAIL = Exec(_FILE, "abandon_mail", AbandonMailParams)
MEASURE_MAIL_BACKLOG = One(_FILE, "measure_mail_backlog", MailBacklogParams, MailBacklogRecord)


def to_waiting_mail(record: ClaimedMailRecord) -> WaitingMail:
    """Return the domain's view of a row; a person who is gone has no address any more."""
    return WaitingMail(
        id=record.id,
        template=MailTemplate(record.template),
        created_at=record.created_at,
        refusals=record.attempts,
        address=record.email if record.deleted_at is None else None,
        token=_to_token(record),
    )


def _to_token(record: ClaimedMailRecord) -> OneTimeToken | None:
    if (
        record.token_id is None
        or record.digest is None
        or record.purpose is None
        or record.user_id is None
        or record.token_created_at is None
        or record.expires_at is None
    ):
        return None
    return OneTimeToken(
        id=record.token_id,
        digest=record.digest,
        purpose=TokenPurpose(record.purpose),
        user_id=record.user_id,
        created_at=record.token_created_at,
        expires_at=record.expires_at,
        used_at=record.used_at,
        superseded_at=record.superseded_at,
    )
