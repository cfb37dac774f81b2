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

    async def renew(self, caller: Caller, access_token: str) -> Caller:
        """Return a caller as they are now, long after `authenticate` has returned them.

        A person's token may have run out meanwhile: their session tells. A service has none.

        Raises:
            TokenInvalid, TokenExpired: a service's token was revoked, or its life is over.
            SessionRevoked: the session has ended, or its user is suspended or deleted.
        """
        ...
