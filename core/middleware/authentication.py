"""Who is calling: from the bearer token (RFC 6750 section 2.1), else from the certificate."""

import re
from collections.abc import Mapping

from core.domain.caller import ActorType, Caller
from core.domain.errors import TokenInvalid, TokenMissing
from core.domain.ports.authenticator import Authenticator
from core.domain.user import Role
from core.middleware.access_rule import AccessRule
from core.middleware.call import Answer, Call, Next
from core.middleware.client_certificate import CertifiedServices

_SCHEME = re.compile(r"bearer(?: |$)", re.IGNORECASE)
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)


def bearer_token(call: Call) -> str | None:
    """Return the access token of a call; None where it has none, or another scheme's credentials.

    Raises:
        TokenInvalid: `authorization` stands there twice, or its token is not of RFC 6750's syntax.
    """
    values = call.values("authorization")
    if not values:
        return None
    if len(values) > 1:
        raise TokenInvalid
    if found := _BEARER.fullmatch(values[0]):
        return found[1]
    if _SCHEME.match(values[0]):
        raise TokenInvalid
    return None


class Authentication:
    """Stage: finds out who calls a method that not just anyone may call.

    Whoever brings a token is who the token says, whatever their certificate: so does one service
    act for a person. Without any `authorization` the certificate alone may name a service.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        rules: Mapping[str, AccessRule],
        services: CertifiedServices,
    ) -> None:
        """Take the access rules by method; a method without one is refused by the next stage."""
        self._authenticator = authenticator
        self._rules = rules
        self._services = services

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Set the caller.

        Raises:
            TokenMissing: there is no bearer token, and no certificate of a known service.
            TokenInvalid, TokenExpired, SessionRevoked: the token is refused.
        """
        rule = self._rules.get(call.method)
        if rule is not None and not rule.anyone:
            token = bearer_token(call)
            if token is None:
                self._certify(call)
            else:
                call.caller = await self._authenticator.authenticate(token, call.origin)
        return await proceed(call)

    def _certify(self, call: Call) -> None:
        service = self._services.caller(call)
        if service is None:
            raise TokenMissing
        call.narrowed_to = service.methods
        call.caller = Caller(
            origin=call.origin,
            actor_type=ActorType.SERVICE,
            service_name=service.name,
            role=Role.SERVICE,
        )
