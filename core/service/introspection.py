"""Introspection: another service asks what an access token is worth (RFC 7662)."""

from dataclasses import dataclass

from core.domain.access_token import AccessTokenClaims
from core.domain.errors import SessionRevoked, TokenExpired, TokenInvalid
from core.service.authentication import Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """Judges tokens of others exactly as the service judges those of its own callers."""

    authentication: Authentication

    async def introspect(self, token: str) -> AccessTokenClaims | None:
        """Return the claims, with role and KYC status as they are now; None if it is worthless."""
        try:
            return await self.authentication.state(token)
        except (TokenInvalid, TokenExpired, SessionRevoked):
            return None
