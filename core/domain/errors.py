"""Why the service refuses. Each error names its reason, and knows nothing of gRPC or HTTP.

`reason` is the stable, machine-readable name that clients see and audit rows keep.
"""

from dataclasses import dataclass
from typing import ClassVar


class DomainError(Exception):
    """A refusal that the caller may be told about."""

    reason: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, message: str | None = None) -> None:
        """Use the class's own sentence unless a better one is given."""
        super().__init__(message or self.message)


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that breaks one rule. `message` never repeats the value."""

    field: str
    rule: str
    message: str


class ViolationError(DomainError):
    """A refusal that names the fields which caused it."""

    def __init__(self, *violations: Violation) -> None:
        """Take at least one violation."""
        super().__init__()
        self.violations = violations


class RetryableError(DomainError):
    """A refusal that a later attempt may escape."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: float = 1.0) -> None:
        """Say after how many seconds a retry makes sense."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ValidationFailed(ViolationError):
    """A field breaks its rule."""

    reason = "VALIDATION_FAILED"
    message = "A field breaks its rule."


class PasswordTooWeak(ViolationError):
    """The password policy refuses a new password."""

    reason = "PASSWORD_TOO_WEAK"
    message = "The password policy refuses this password."


class MalformedRequest(DomainError):
    """A request cannot be read."""

    reason = "MALFORMED_REQUEST"
    message = "The request cannot be read."


class IdempotencyKeyReused(DomainError):
    """An idempotency key came with another request before."""

    reason = "IDEMPOTENCY_KEY_REUSED"
    message = "The idempotency key was used for another request."


class PageTokenInvalid(DomainError):
    """A page token was not issued here, or for another filter."""

    reason = "PAGE_TOKEN_INVALID"
    message = "The page token was not issued here, or belongs to another filter."


class OneTimeTokenInvalid(DomainError):
    """A one-time token is unknown, used, replaced by a newer one, or too old."""

    reason = "ONE_TIME_TOKEN_INVALID"
    message = "The token is unknown, used or too old."


class InvalidCredentials(DomainError):
    """Address unknown, password wrong, or account deleted: nobody is told which."""

    reason = "INVALID_CREDENTIALS"
    message = "The address or the password is wrong."


class TokenMissing(DomainError):
    """The call needs an access token and carries none."""

    reason = "TOKEN_MISSING"
    message = "The call needs an access token."


class TokenInvalid(DomainError):
    """The access token was not issued here for this audience, or was altered."""

    reason = "TOKEN_INVALID"
    message = "The access token is not valid here."


class TokenExpired(DomainError):
    """The access token's life is over."""

    reason = "TOKEN_EXPIRED"
    message = "The access token has expired."


class SessionRevoked(DomainError):
    """The session has ended, or its user may not act any more."""

    reason = "SESSION_REVOKED"
    message = "The session has ended."


class RefreshTokenInvalid(DomainError):
    """The refresh token is unknown or too old."""

    reason = "REFRESH_TOKEN_INVALID"
    message = "The refresh token is unknown or too old."


class RefreshTokenReused(DomainError):
    """The refresh token was used before; its session has been revoked."""

    reason = "REFRESH_TOKEN_REUSED"
    message = "The refresh token was used before; its session has ended."


class MfaCodeInvalid(DomainError):
    """The second factor's code is wrong, or was used before."""

    reason = "MFA_CODE_INVALID"
    message = "The code is wrong."


class PermissionDenied(DomainError):
    """The caller may not do this."""

    reason = "PERMISSION_DENIED"
    message = "The caller may not do this."


class AccountSuspended(DomainError):
    """The account is suspended; said only after a right password or refresh token."""

    reason = "ACCOUNT_SUSPENDED"
    message = "The account is suspended."


class RecentAuthenticationRequired(DomainError):
    """The call needs a login of the last minutes."""

    reason = "RECENT_AUTHENTICATION_REQUIRED"
    message = "Log in again first."


class UserNotFound(DomainError):
    """There is no such user."""

    reason = "USER_NOT_FOUND"
    message = "There is no such user."


class SessionNotFound(DomainError):
    """The user has no such session."""

    reason = "SESSION_NOT_FOUND"
    message = "The user has no such session."


class EmailAlreadyRegistered(DomainError):
    """An account that is not deleted has this address."""

    reason = "EMAIL_ALREADY_REGISTERED"
    message = "An account with this address exists."


class KycTransitionNotAllowed(DomainError):
    """The KYC status cannot go from what it is to what was asked."""

    reason = "KYC_TRANSITION_NOT_ALLOWED"
    message = "The KYC status cannot change in this way."


class KycReasonRequired(DomainError):
    """A rejection came without a reason."""

    reason = "KYC_REASON_REQUIRED"
    message = "A rejection needs a reason."


class LastAdmin(DomainError):
    """The change would leave no active administrator."""

    reason = "LAST_ADMIN"
    message = "The change would leave no active administrator."


class AlreadyEnrolled(DomainError):
    """A second factor is enrolled already."""

    reason = "ALREADY_ENROLLED"
    message = "A second factor is enrolled already."


class RateLimited(RetryableError):
    """Too many calls of one kind came from one client."""

    reason = "RATE_LIMITED"
    message = "Too many calls; wait before the next."


class LoginThrottled(RetryableError):
    """Too many logins of one account, or from one address, have failed."""

    reason = "LOGIN_THROTTLED"
    message = "Too many failed logins; wait before the next."


class Conflict(RetryableError):
    """Another change came between."""

    reason = "CONFLICT"
    message = "Another change came between; read again and retry."


class ServerBusy(RetryableError):
    """There is no capacity at this moment."""

    reason = "SERVER_BUSY"
    message = "The server has no capacity at this moment."


class DependencyUnavailable(RetryableError):
    """Something that the service needs (named by `dependency`) is out of reach."""

    reason = "DEPENDENCY_UNAVAILABLE"
    message = "Something that the service needs is out of reach."

    def __init__(
        self, dependency: str, *, detail: str | None = None, retry_after_seconds: float = 1.0
    ) -> None:
        """Keep name and detail for the log; the caller is told only that something is missing.

        `detail` is the driver's word for what happened (`NOAUTH`, `TimeoutError`), never its text:
        that may quote data.
        """
        super().__init__(retry_after_seconds=retry_after_seconds)
        self.dependency = dependency
        self.detail = detail
