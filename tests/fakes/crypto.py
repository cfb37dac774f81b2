"""Passwords and tokens without any protection, but with the manners of the real ones."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count
from uuid import UUID

from core.domain.access_token import AccessTokenClaims, PublicKey
from core.domain.errors import (
    PageTokenInvalid,
    ServerBusy,
    TokenExpired,
    TokenInvalid,
    ValidationFailed,
    Violation,
)
from core.domain.one_time_token import TokenPurpose
from core.domain.password import normalise
from core.domain.password_hash import AdoptedHash, Verdict
from core.domain.ports.clock import Clock


class FakePasswordHasher:
    """Implements the port PasswordHasher; fast and salted.

    `verified` notes what was verified against, so that a test sees the work that was done;
    `during_work` runs while a password is being hashed or verified. A hash that was made
    elsewhere reads twelve characters of a password; `parameters` are those of new hashes. `busy`
    is found out at work, `overloaded` by whoever asks beforehand.
    """

    def __init__(self, during_work: Callable[[], None] = lambda: None) -> None:
        self.during_work = during_work
        self.busy = False
        self.overloaded = False
        self.parameters = "fake"
        self.verified: list[str | None] = []
        self._salts = count(1)

    async def hash(self, password: str) -> str:
        await self._work()
        return _hashed(self.parameters, str(next(self._salts)), password)

    async def verify(self, hashed_password: str | None, password: str) -> bool:
        return await self.judge(hashed_password, password) is Verdict.RIGHT

    async def judge(self, hashed_password: str | None, password: str) -> Verdict:
        await self._work()
        self.verified.append(hashed_password)
        if hashed_password is None:
            return Verdict.WRONG
        _, kind, salt, _ = hashed_password.rsplit("$", 3)
        read = password[:_FOREIGN_REACH] if kind == _FOREIGN else password
        if hashed_password != _hashed(kind, salt, read):
            return Verdict.WRONG
        return Verdict.RIGHT if read == password else Verdict.CUT

    def needs_rehash(self, hashed_password: str) -> bool:
        return hashed_password.split("$")[1] != self.parameters

    def adopt(self, hashed_password: str) -> AdoptedHash:
        if not hashed_password.startswith(f"${_FOREIGN}$"):
            violation = Violation("password_hash", "password_hash.unsupported", "is no such hash")
            raise ValidationFailed(violation)
        return AdoptedHash(algorithm=_FOREIGN, stored=hashed_password)

    def foreign(self, password: str) -> str:
        """Return a hash as another system would have made it."""
        return _hashed(_FOREIGN, str(next(self._salts)), password[:_FOREIGN_REACH])

    def ensure_capacity(self) -> None:
        if self.overloaded:
            raise ServerBusy

    async def _work(self) -> None:
        if self.busy:
            raise ServerBusy
        await asyncio.sleep(0)
        self.during_work()


_FOREIGN = "foreign"
_FOREIGN_REACH = 12


def _hashed(kind: str, salt: str, password: str) -> str:
    digest = hashlib.sha256(f"{salt}${normalise(password)}".encode()).hexdigest()
    return f"${kind}${salt}${digest}"


class FakePasswordScreen:
    """Implements the port PasswordScreen; a test may put passwords on its lists."""

    def __init__(self) -> None:
        self.common = {"password", "letmein"}
        self.breached: set[str] = set()
        self.busy = False

    def is_common(self, forms: Collection[str]) -> bool:
        return not self.common.isdisjoint(forms)

    async def is_breached(self, password: str) -> bool:
        await asyncio.sleep(0)
        if self.busy:
            raise ServerBusy
        return not self.breached.isdisjoint({password, normalise(password)})


class FakeAccessTokenCodec:
    """Implements the port AccessTokenCodec: what it issued is genuine, and nothing else.

    The key of a token in `unlearnt` is not known until it is looked for.
    """

    def __init__(self, clock: Clock) -> None:
        self.unlearnt: set[str] = set()
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
        if claims is None or token in self.unlearnt:
            raise TokenInvalid
        if self._clock.now() >= claims.expires_at:
            raise TokenExpired
        return claims

    async def learn_key(self, token: str) -> bool:
        was_unlearnt = token in self.unlearnt
        self.unlearnt.discard(token)
        return was_unlearnt

    def public_keys(self) -> Sequence[PublicKey]:
        return (PublicKey(kid="fake-key", x="eA", y="eQ"),)


class FakeRefreshTokenMint:
    """Implements the port RefreshTokenMint; each token names its number.

    `key` stands for the key: what was derived under another one is not found again.
    """

    def __init__(self) -> None:
        self.key = "key"
        self._numbers = count(1)

    def new(self) -> str:
        return f"refresh-token-{next(self._numbers)}"

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    def successor(self, token: str) -> str:
        return f"refresh-token-{self.digest(self.key + token)}"

    def recover_successor(self, token: str, digest: str) -> str | None:
        successor = self.successor(token)
        return successor if self.digest(successor) == digest else None

    def mark(self, token: str, purpose: str, content: str) -> str:
        return self.digest(json.dumps([token, purpose, content]))


class FakeOneTimeTokenMint:
    """Implements the port OneTimeTokenMint; a token names purpose, id, and the `key`."""

    def __init__(self) -> None:
        self.key = "key"

    def derive(self, token_id: UUID, purpose: TokenPurpose) -> str:
        return f"one-time-token-{purpose}-{token_id}-{self.key}"

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

    def recover(self, token_id: UUID, purpose: TokenPurpose, digest: str) -> str | None:
        token = self.derive(token_id, purpose)
        return token if self.digest(token) == digest else None


class FakeKeyedDigests:
    """Implements the port KeyedDigests; `key` stands for the key."""

    def __init__(self, key: str = "key") -> None:
        self.key = key

    def digest(self, purpose: str, content: str) -> str:
        return hashlib.sha256(json.dumps([self.key, purpose, content]).encode()).hexdigest()


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
