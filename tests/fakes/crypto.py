"""Passwords and tokens without any protection, but with the manners of the real ones."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count

from core.domain.access_token import AccessTokenClaims, PublicKey
from core.domain.errors import PageTokenInvalid, ServerBusy, TokenExpired, TokenInvalid
from core.domain.password import normalise
from core.domain.ports.clock import Clock


class FakePasswordHasher:
    """Implements the port PasswordHasher; fast and salted.

    `verified` notes what was verified against, so that a test sees the work that was done;
    `during_work` runs while a password is being hashed or verified.
    """

    def __init__(self, during_work: Callable[[], None] = lambda: None) -> None:
        self.during_work = during_work
        self.busy = False
        self.verified: list[str | None] = []
        self._salts = count(1)

    async def hash(self, password: str) -> str:
        await self._work()
        return _hashed(str(next(self._salts)), password)

    async def verify(self, hashed_password: str | None, password: str) -> bool:
        await self._work()
        self.verified.append(hashed_password)
        if hashed_password is None:
            return False
        salt = hashed_password.split("$")[2]
        return hashed_password == _hashed(salt, password)

    async def _work(self) -> None:
        if self.busy:
            raise ServerBusy
        await asyncio.sleep(0)
        self.during_work()


def _hashed(salt: str, password: str) -> str:
    digest = hashlib.sha256(f"{salt}${normalise(password)}".encode()).hexdigest()
    return f"$fake${salt}${digest}"


class FakeAccessTokenCodec:
    """Implements the port AccessTokenCodec: what it issued is genuine, and nothing else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issued: dict[str, AccessTokenClaims] = {}

    def issue(self, claims: AccessTokenClaims) -> str:
        token = f"access-token-{len(self._issued) + 1}"
        # A JWT's NumericDate is written in whole seconds here as there.
        self._issued[token] = replace(
            claims,
            issued_at=claims.issued_at.replace(microsecond=0),
            expires_at=claims.expires_at.replace(microsecond=0),
        )
        return token

    def read(self, token: str) -> AccessTokenClaims:
        claims = self._issued.get(token)
        if claims is None:
            raise TokenInvalid
        if self._clock.now() >= claims.expires_at:
            raise TokenExpired
        return claims

    def public_keys(self) -> Sequence[PublicKey]:
        return (PublicKey(kid="fake-key", x="eA", y="eQ"),)


class FakeRefreshTokenMint:
    """Implements the port RefreshTokenMint; each token names its number."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"refresh-token-{next(self._numbers)}"

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


class FakePageTokenCodec:
    """Implements the port PageTokenCodec; the token holds position and filters as they are."""

    def encode(self, position: str, filters: Mapping[str, str]) -> str:
        content = json.dumps([position, dict(filters)], sort_keys=True)
        return base64.urlsafe_b64encode(content.encode()).decode()

    def decode(self, token: str, filters: Mapping[str, str]) -> str:
        try:
            position, encoded_for = json.loads(base64.urlsafe_b64decode(token.encode()))
        except (ValueError, TypeError) as error:
            raise PageTokenInvalid from error
        if encoded_for != dict(filters):
            raise PageTokenInvalid
        return str(position)
