"""Access tokens: JWTs signed with ES256 (RFC 7515, RFC 7518 section 3.4, RFC 9068).

Reading follows RFC 8725: algorithm and type are pinned, the key is looked up among our own by its
id and never taken from the token, every claim is required and has one type.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from core.crypto.access_token_claims import CheckedClaims, checked_claims, payload
from core.crypto.jws_text import ALGORITHM, MEDIA_TYPE, split
from core.crypto.key_ring import KeyRing
from core.crypto.verified_tokens import VerifiedTokens
from core.domain.access_token import AccessTokenClaims, PublicKey
from core.domain.errors import TokenExpired, TokenInvalid
from core.domain.ports.clock import Clock

_VERIFIER = jwt.PyJWS(algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """What a signature was found right by."""

    kid: str
    key: ec.EllipticCurvePublicKey
    claims: CheckedClaims


async def nothing_to_learn() -> None:
    """Look for keys nowhere."""


class Es256AccessTokens:
    """Implements the port AccessTokenCodec.

    `clock_skew_seconds` forgives a replica whose clock is ahead; an expiry is never forgiven.
    """

    def __init__(
        self,
        *,
        keys: KeyRing,
        issuer: str,
        audience: str,
        clock: Clock,
        clock_skew_seconds: int = 5,
        look_for_keys: Callable[[], Awaitable[None]] = nothing_to_learn,
    ) -> None:
        """Take the keys, and what may bring new ones when a token names one that is not known."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._clock_skew_seconds = clock_skew_seconds
        self._look_for_keys = look_for_keys
        self._known: VerifiedTokens[_Verified] = VerifiedTokens()

    def issue(self, claims: AccessTokenClaims) -> str:
        """Return the signed token; times are cut to whole seconds.

        Raises:
            DependencyUnavailable: every signing key has expired.
        """
        key = self._keys.signer()
        content = payload(claims) | {"iss": self._issuer, "aud": self._audience}
        headers = {"kid": key.kid, "typ": MEDIA_TYPE}
        return jwt.encode(content, key.private_key, algorithm=ALGORITHM, headers=headers)

    def read(self, token: str) -> AccessTokenClaims:
        """See the port. A token is expired only if nothing else is wrong with it."""
        claims = self._verified(token)
        now = self._clock.now().timestamp()
        valid_from = max(claims.not_before, claims.content.issued_at.timestamp())
        if valid_from > now + self._clock_skew_seconds:
            raise TokenInvalid
        if claims.content.expires_at.timestamp() <= now:
            self._known.forget(token)
            raise TokenExpired
        return claims.content

    async def learn_key(self, token: str) -> bool:
        """See the port. What is no token of ours by its form alone sets nothing off."""
        try:
            kid = split(token).kid
        except ValueError:
            return False
        if self._keys.verifier(kid) is not None:
            return False
        await self._look_for_keys()
        return self._keys.verifier(kid) is not None

    def public_keys(self) -> tuple[PublicKey, ...]:
        """See the port."""
        return tuple(self._keys.public_keys())

    def _verified(self, token: str) -> CheckedClaims:
        """Return what a token says whose signature is right by a key that is valid now."""
        known = self._known.get(token)
        if known is not None and self._keys.verifier(known.kid) == known.key:
            return known.claims
        try:
            parts = split(token)
            key = self._keys.verifier(parts.kid)
            if key is None:
                raise TokenInvalid
            _VERIFIER.decode(token, key, algorithms=[ALGORITHM])
            claims = checked_claims(parts.payload, issuer=self._issuer, audience=self._audience)
        except (ValueError, jwt.PyJWTError) as error:
            raise TokenInvalid from error
        self._known.put(token, _Verified(kid=parts.kid, key=key, claims=claims))
        return claims
