"""Authentication: what an access token is worth at this moment."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from core.domain.access_token import AccessTokenClaims
from core.domain.caller import ActorType, Caller, Origin
from core.domain.errors import SessionRevoked, TokenInvalid
from core.domain.ports.clock import Clock
from core.domain.ports.crypto import AccessTokenCodec
from core.domain.ports.unit_of_work import Database, Repositories
from core.domain.session import SessionState
from core.domain.user import Role

_Known: TypeAlias = tuple[AccessTokenClaims, SessionState | None]
"""What a token says with the state of now, and the session behind it, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Implements the port Authenticator."""

    database: Database
    access_tokens: AccessTokenCodec
    clock: Clock

    async def authenticate(self, access_token: str, origin: Origin) -> Caller:
        """Return the caller, with the role that they have now.

        Raises:
            TokenInvalid: the token was not issued here, was altered, or a service's was revoked.
            TokenExpired: its life is over.
            SessionRevoked: its session has ended, or its user is suspended or deleted.
        """
        claims, session = await self._known(access_token)
        if session is None:
            return Caller(
                origin=origin,
                actor_type=ActorType.SERVICE,
                service_name=claims.service_name,
                role=Role.SERVICE,
            )
        return Caller(
            origin=origin,
            user_id=session.user.id,
            session_id=session.session_id,
            role=session.user.role,
            authenticated_at=session.authenticated_at,
            account=session.user,
        )

    async def renew(self, caller: Caller, access_token: str) -> Caller:
        """Return a caller as they are now; see the port.

        Raises:
            TokenInvalid, TokenExpired, SessionRevoked: as the port says.
        """
        if caller.session_id is None:
            return await self.authenticate(access_token, caller.origin)
        async with self.database.reading() as stored:
            state = await stored.sessions.get_state(caller.session_id)
        if state is None or not state.may_act(self.clock.now()):
            raise SessionRevoked
        return replace(caller, role=state.user.role, account=state.user)

    async def state(self, access_token: str) -> AccessTokenClaims:
        """Return a token's claims with role and KYC status as they are now.

        Raises:
            TokenInvalid, TokenExpired, SessionRevoked: as `authenticate`.
        """
        claims, _ = await self._known(access_token)
        return claims

    async def _known(self, access_token: str) -> _Known:
        claims = await self._read(access_token)
        async with self.database.reading() as stored:
            if claims.service_name is not None:
                return await _service_state(stored, claims), None
            return await self._person_state(stored, claims)

    async def _read(self, access_token: str) -> AccessTokenClaims:
        try:
            return self.access_tokens.read(access_token)
        except TokenInvalid:
            if not await self.access_tokens.learn_key(access_token):
                raise
        return self.access_tokens.read(access_token)

    async def _person_state(self, stored: Repositories, claims: AccessTokenClaims) -> _Known:
        if claims.session_id is None:
            raise TokenInvalid
        state = await stored.sessions.get_state(claims.session_id)
        if state is None or not state.may_act(self.clock.now()):
            raise SessionRevoked
        if claims.subject != str(state.user.id):
            raise TokenInvalid
        user = state.user
        return replace(claims, role=user.role, kyc_status=user.kyc_status), state


async def _service_state(stored: Repositories, claims: AccessTokenClaims) -> AccessTokenClaims:
    """A service's token is worth something only beside its record; minting alone is not enough."""
    token = await stored.service_tokens.get(claims.token_id)
    if token is None or token.revoked_at is not None:
        raise TokenInvalid
    if token.service_name != claims.service_name or claims.role is not Role.SERVICE:
        raise TokenInvalid
    return claims
