"""The second factor: enrolments, recovery codes, and the challenges of logins under way."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

RECOVERY_CODE_COUNT = 10

PASSWORD_ONLY = ("pwd",)
"""`amr` of a session that a password alone has opened (RFC 8176 section 2)."""

_READ_ALIKE = str.maketrans("OIL", "011")
"""Letters that look like digits stand in no code, and are read as those (Crockford's base32)."""


@dataclass(frozen=True, slots=True)
class TotpCode:
    """Six digits that an authenticator shows."""

    text: str = field(repr=False)
    amr = ("pwd", "otp", "mfa")
    """Of a session that it completes: password, one-time password, two factors (RFC 8176)."""
    method = "totp"


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """One of the codes that were shown when the second factor was put into use."""

    text: str = field(repr=False)
    amr = ("pwd", "mfa")
    """RFC 8176 has no value for a list of codes; without `otp` it is none of an authenticator."""
    method = "recovery_code"

    @property
    def digest(self) -> str:
        """What it is stored as: lower-case hex SHA-256, whatever way the code is written.

        A plain digest is enough for 125 random bits; NIST SP 800-63B-4 section 3.1.2.2 asks for a
        salt and slow hashing below 112.
        """
        written = "".join(self.text.split()).replace("-", "").upper()
        return _digest("recovery-code", written.translate(_READ_ALIKE))


Proof: TypeAlias = TotpCode | RecoveryCode
"""What shows that somebody has the second factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpEnrolment:
    """A person's TOTP secret, sealed, and the last step whose code was used.

    It is pending until a code of it was seen; only then is it asked for at logins.
    """

    user_id: UUID
    sealed_secret: str = field(repr=False)
    created_at: datetime
    confirmed_at: datetime | None = None
    last_used_step: int | None = None

    @property
    def seal_context(self) -> str:
        """See `seal_context`."""
        return seal_context(self.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaChallenge:
    """A login whose password was right and whose second factor is awaited.

    `digest` stands for the token, `password_mark` for the password hash of that moment.
    """

    digest: str = field(repr=False)
    user_id: UUID
    password_mark: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    failures: int = 0
    used_at: datetime | None = None

    def is_open(self, now: datetime, *, max_failures: int) -> bool:
        """Tell whether a code may still be brought."""
        return self.used_at is None and now < self.expires_at and self.failures < max_failures

    def fits(self, hashed_password: str) -> bool:
        """Tell whether the password is still the one that led to the challenge."""
        return hmac.compare_digest(self.password_mark, password_mark(hashed_password))


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPolicy:
    """`issuer` names the service in authenticator apps."""

    issuer: str
    challenge_seconds: int
    max_failures: int

    def challenge_end(self, created_at: datetime) -> datetime:
        """Return when a challenge runs out."""
        return created_at + timedelta(seconds=self.challenge_seconds)


def seal_context(user_id: UUID) -> str:
    """Return what a secret's seal is bound to, so that it cannot be moved to another account."""
    return f"user-service/totp/{user_id}"


def challenge_digest(token: str) -> str:
    """Return what a challenge's token is stored as: lower-case hex SHA-256."""
    return _digest("mfa-challenge", token)


def password_mark(hashed_password: str) -> str:
    """Return what changes with a password hash and does not lead back to it."""
    return _digest("password-mark", hashed_password)


def _digest(purpose: str, text: str) -> str:
    return hashlib.sha256(f"{purpose}:{text}".encode("utf-8", "surrogatepass")).hexdigest()
