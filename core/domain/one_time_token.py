"""One-time tokens: what a mail carries to prove that whoever brings it reads the mailbox."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class TokenPurpose(StrEnum):
    """What a token is good for; it is good for nothing else."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a secret
    EMAIL_VERIFICATION = "email_verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeToken:
    """A token as it is stored: `digest` (lower-case hex SHA-256), never the token.

    It ends by being used, by a newer one for the same person and purpose, or by its age.
    """

    id: UUID
    digest: str = field(repr=False)
    purpose: TokenPurpose
    user_id: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    superseded_at: datetime | None = None

    def serves(self, purpose: TokenPurpose, now: datetime) -> bool:
        """Tell whether the token can be used for this at this moment."""
        return (
            self.purpose is purpose
            and self.used_at is None
            and self.superseded_at is None
            and now < self.expires_at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeTokenLifetimes:
    """How long tokens live, in seconds. A mail that leads to a password lives short (OWASP)."""

    password_reset_seconds: int
    email_verification_seconds: int

    def end(self, purpose: TokenPurpose, created_at: datetime) -> datetime:
        """Return when a token runs out."""
        seconds = {
            TokenPurpose.PASSWORD_RESET: self.password_reset_seconds,
            TokenPurpose.EMAIL_VERIFICATION: self.email_verification_seconds,
        }[purpose]
        return created_at + timedelta(seconds=seconds)
