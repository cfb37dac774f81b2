"""Passwords hashed with Argon2id (RFC 9106), in a bounded pool that leaves the rest its air."""

import secrets
from dataclasses import dataclass

import argon2
import structlog

from core.crypto.background_pool import BackgroundPool
from core.domain.password import normalise

# A stored hash that asks for more work than this is damage; following it would stall a thread.
_MAX_MEMORY_KIB = 1_048_576
_MAX_TIME_COST = 64
_MAX_PARALLELISM = 64

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Parameters:
    """What one hashing costs. OWASP's minimum for Argon2id: 19456 KiB, 2 passes, 1 lane."""

    memory_kib: int
    time_cost: int
    parallelism: int


class _DamagedHash(Exception):
    """What is stored in place of a hash cannot be compared with anything."""


class Argon2idHasher:
    """Implements the port PasswordHasher. `start` before the first use, `close` after the last."""

    def __init__(self, parameters: Argon2Parameters, pool: BackgroundPool) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=parameters.time_cost,
            memory_cost=parameters.memory_kib,
            parallelism=parameters.parallelism,
            type=argon2.Type.ID,
        )
        self._pool = pool
        self._decoy: str | None = None

    async def start(self) -> None:
        """Make the hash that a missing account is compared with, of the same cost as any other."""
        self._decoy = await self.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """See the port."""
        return await self._pool.run(lambda: self._argon2.hash(_bytes(password)))

    async def verify(self, hashed_password: str | None, password: str) -> bool:
        """See the port. A stored hash that is damaged is logged, and no password fits it."""
        if self._decoy is None:
            await self.start()
        return await self._pool.run(lambda: self._verify(hashed_password, password))

    def needs_rehash(self, hashed_password: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return not _is_affordable(hashed_password) or self._argon2.check_needs_rehash(
            hashed_password
        )

    def _verify(self, hashed_password: str | None, password: str) -> bool:
        data = _bytes(password)
        if hashed_password is not None:
            try:
                return self._matches(hashed_password, data)
            except _DamagedHash as damage:
                _log.error("stored_password_hash_damaged", cause=str(damage))
        self._matches(self._decoy or "", data)
        return False

    def _matches(self, hashed_password: str, data: bytes) -> bool:
        if not _is_affordable(hashed_password):
            raise _DamagedHash("not an Argon2id hash, or one that nobody could afford")
        try:
            return self._argon2.verify(hashed_password, data)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.VerificationError, ValueError) as error:
            raise _DamagedHash(type(error).__name__) from error


def _is_affordable(hashed_password: str) -> bool:
    try:
        parameters = argon2.extract_parameters(hashed_password)
    except argon2.exceptions.InvalidHashError:
        return False
    return (
        parameters.type is argon2.Type.ID
        and parameters.memory_cost <= _MAX_MEMORY_KIB
        and parameters.time_cost <= _MAX_TIME_COST
        and parameters.parallelism <= _MAX_PARALLELISM
    )


def _bytes(password: str) -> bytes:
    return normalise(password).encode("utf-8", "surrogatepass")
