"""Mail to people: which one, to whom, and what becomes of it. Its words are no business of ours."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.domain.one_time_token import OneTimeToken


class MailTemplate(StrEnum):
    """Every mail that the service sends."""

    WELCOME = "welcome"
    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a mail, not a secret
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - as above
    ACCOUNT_EXISTS = "account_exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """A mail that is to be sent: ids alone. Address and token are found when it is sent."""

    id: UUID
    user_id: UUID
    template: MailTemplate
    token_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMail:
    """A mail whose turn it is, with all that is known of it at this moment.

    `refusals` counts how often a mail server has refused it; `address` is None where the person
    has deleted the account since.
    """

    id: UUID
    template: MailTemplate
    created_at: datetime
    refusals: int
    address: str | None = field(repr=False)
    token: OneTimeToken | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """A mail with its words, ready for a mail server; `id` stays the same on a repeat."""

    id: UUID
    address: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class MailRefused(Exception):
    """A mail server has refused one mail: it may take another one.

    `cause` is a short word for logs, metrics and the outbox (`smtp_550`); never the server's own
    words, for they may quote the address.
    """

    def __init__(self, cause: str) -> None:
        """Name the cause."""
        super().__init__(cause)
        self.cause = cause
