"""Passwords hashed with Argon2id (RFC 9106), in a bounded pool that leaves the rest its air.

Hashes that came from another system are compared in the same threads, within bounds on what each
may cost. They take another time than ours do; see docs/adr/0010 for what that tells, and whom.
"""

import asyncio
import secrets
from dataclasses import dataclass

import argon2
import structlog

from core.crypto.argon2_text import is_affordable, read_argon2id
from core.crypto.background_pool import BackgroundPool
from core.crypto.hash_reading import read_imported
from core.crypto.imported_hash import HashRefused
from core.domain.errors import ValidationFailed, Violation
from core.domain.password import normalise
from core.domain.password_hash import AdoptedHash, Verdict

_ARGON2 = "$argon2"

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
    """Implements the port PasswordHasher. `start` before the first use, `close` after the last.

    No refusal is told sooner than `refusal_floor_seconds` after it was asked for.
    """

    def __init__(
        self,
        parameters: Argon2Parameters,
        pool: BackgroundPool,
        *,
        refusal_floor_seconds: float = 0.0,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=parameters.time_cost,
            memory_cost=parameters.memory_kib,
            parallelism=parameters.parallelism,
            type=argon2.Type.ID,
        )
        self._pool = pool
        self._refusal_floor_seconds = refusal_floor_seconds
        self._decoy: str | None = None

    async def start(self) -> None:
        """Make the hash that a missing account is compared with, of the same cost as any other."""
        self._decoy = await self.hash(secrets.token_urlsafe(16))

    def ensure_capacity(self) -> None:
        """See the port."""
        self._pool.admit()

    async def hash(self, password: str) -> str:
        """See the port."""
        return await self._pool.run(lambda: self._argon2.hash(_bytes(normalise(password))))

    async def verify(self, hashed_password: str | None, password: str) -> bool:
        """See the port. A stored hash that is damaged is logged, and no password fits it."""
        return await self.judge(hashed_password, password) is Verdict.RIGHT

    async def judge(self, hashed_password: str | None, password: str) -> Verdict:
        """See the port."""
        if self._decoy is None:
            await self.start()
        clock = asyncio.get_running_loop().time
        told_from = clock() + self._refusal_floor_seconds
        verdict = await self._pool.run(lambda: self._judge(hashed_password, password))
        if verdict is not Verdict.RIGHT and told_from > clock():
            await asyncio.sleep(told_from - clock())
        return verdict

    def needs_rehash(self, hashed_password: str) -> bool:
        """See the port."""
        return not is_affordable(hashed_password) or self._argon2.check_needs_rehash(
            hashed_password
        )

    def adopt(self, hashed_password: str) -> AdoptedHash:
        """See the port."""
        try:
            argon2id = read_argon2id(hashed_password)
            if argon2id is not None:
                return AdoptedHash(algorithm="argon2id", stored=argon2id)
            imported = read_imported(hashed_password)
        except HashRefused as refusal:
            violation = Violation("password_hash", refusal.rule, str(refusal))
            raise ValidationFailed(violation) from None
        return AdoptedHash(algorithm=imported.algorithm, stored=imported.stored)

    def _judge(self, hashed_password: str | None, password: str) -> Verdict:
        # What another system hashed may be the password as it was typed. Both spellings are
        # compared with whatever is stored, so that the work tells nothing of what that is.
        spellings = [_bytes(each) for each in dict.fromkeys((normalise(password), password))]
        if hashed_password is not None:
            try:
                return self._best(hashed_password, spellings)
            except _DamagedHash as damage:
                _log.error("stored_password_hash_damaged", cause=str(damage))
        for spelling in spellings:
            self._matches(self._decoy or "", spelling)
        return Verdict.WRONG

    def _best(self, hashed_password: str, spellings: list[bytes]) -> Verdict:
        best = Verdict.WRONG
        for spelling in spellings:
            verdict = self._compare(hashed_password, spelling)
            if verdict is Verdict.RIGHT:
                return verdict
            best = verdict if verdict is Verdict.CUT else best
        return best

    def _compare(self, hashed_password: str, data: bytes) -> Verdict:
        if hashed_password.startswith(_ARGON2):
            return Verdict.RIGHT if self._matches(hashed_password, data) else Verdict.WRONG
        try:
            imported = read_imported(hashed_password)
            reach = imported.reach_bytes
            readable = data if reach is None else data[:reach]
            if not imported.matches(readable):
                return Verdict.WRONG
        except HashRefused as refusal:
            raise _DamagedHash(str(refusal)) from refusal
        return Verdict.RIGHT if readable == data else Verdict.CUT

    def _matches(self, hashed_password: str, data: bytes) -> bool:
        if not is_affordable(hashed_password):
            raise _DamagedHash("not an Argon2id hash, or one that nobody could afford")
        try:
            return self._argon2.verify(hashed_password, data)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.VerificationError, ValueError) as error:
            raise _DamagedHash(type(error).__name__) from error


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
