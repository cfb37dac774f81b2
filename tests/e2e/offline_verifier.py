"""A platform service that verifies access tokens by itself, with the keys that it was told."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import jwt

from core.config.settings import TokenSettings
from tests.e2e.rest import Answer

Ask = Callable[[], Awaitable[Answer]]
"""Fetches the JWKS from one replica or another."""


def unverified_kid(token: str) -> str:
    """Return the id of the key that a token says it is signed with."""
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def expiry(token: str) -> float:
    """Return when a token ends, in seconds since 1970."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"])


@dataclass(kw_only=True)
class OfflineVerifier:
    """Keeps the keys for exactly as long as it was told, and never asks out of turn.

    Only the first keys it gives up after `phase_seconds`, so that others renew theirs at other
    times. `seen` holds every set of kids that it was ever told, in order; `unverifiable` the tokens
    that it could not verify while they were alive.
    """

    ask: Ask
    settings: TokenSettings
    phase_seconds: float
    seen: list[frozenset[str]] = field(default_factory=list)
    unverifiable: list[str] = field(default_factory=list)
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _stale_at: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        """Fetch the keys if those at hand are too old."""
        async with self._turn:
            if time.monotonic() < self._stale_at:
                return
            answer = await self.ask()
            max_age = re.fullmatch(r"public, max-age=(\d+)", answer.headers["cache-control"])
            assert max_age is not None
            life = int(max_age[1]) if self.seen else self.phase_seconds
            self._stale_at = time.monotonic() + life
            self._keys = {key["kid"]: jwt.PyJWK(key) for key in answer.json["keys"]}
            kids = frozenset(self._keys)
            if not self.seen or self.seen[-1] != kids:
                self.seen.append(kids)

    async def verify(self, token: str) -> None:
        """Verify a token as RFC 9068 section 4 says; note it if that fails."""
        await self.refresh()
        try:
            jwt.decode(
                token,
                self._keys[unverified_kid(token)],
                algorithms=["ES256"],
                audience=self.settings.audience,
                issuer=self.settings.issuer,
            )
        except jwt.ExpiredSignatureError:
            return
        except (jwt.PyJWTError, KeyError):
            self.unverifiable.append(token)
