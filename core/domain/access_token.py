"""What an access token says (RFC 7519, RFC 9068)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.kyc import KycStatus
from core.domain.user import Role

SERVICE_SUBJECT_PREFIX = "service:"
"""Begins the `sub` of a token that another service of the platform calls with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenClaims:
    """Claims of an access token; `iss`, `aud` and `nbf` are the codec's own business.

    `session_id` and `kyc_status` are None exactly for a service's token.
    """

    subject: str
    token_id: UUID
    issued_at: datetime
    expires_at: datetime
    role: Role
    session_id: UUID | None
    kyc_status: KycStatus | None
    amr: tuple[str, ...] = ()

    @property
    def service_name(self) -> str | None:
        """The name of the calling service, or None for a person's token."""
        if self.subject.startswith(SERVICE_SUBJECT_PREFIX):
            return self.subject.removeprefix(SERVICE_SUBJECT_PREFIX)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceToken:
    """The record of a token that was minted for a service; the token itself is not kept."""

    id: UUID
    service_name: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key on P-256 as a JWK (RFC 7517, RFC 7518 section 6.2); x and y are base64url."""

    kid: str
    x: str
    y: str
