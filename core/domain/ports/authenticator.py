"""Turns an access token into a caller."""

from typing import Protocol

from core.domain.caller import Caller, Origin


class Authenticator(Protocol):
    """Knows who may act at this moment."""

    async def authenticate(self, access_token: str, origin: Origin) -> Caller:
        """Return the caller, with role and state as they are now, not as the token says.

        Raises:
            TokenInvalid: the token was not issued here, was altered, or a service's was revoked.
            TokenExpired: its life is over.
            SessionRevoked: its session has ended, or its user is suspended or deleted.
        """
        ...
