"""The second factor's storage in memory, and its secrets without any protection."""

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from uuid import UUID

from core.domain.errors import DependencyUnavailable
from core.domain.mfa import RECOVERY_CODE_COUNT, MfaChallenge, RecoveryCode, TotpEnrolment
from core.domain.ports.mfa import SealBroken
from core.domain.totp import SECRET_BYTES
from tests.fakes.scope import Scope, user_row
from tests.fakes.tables import PortMisuse, StoredRecoveryCode

_SEAL = "vault:v1:"


class FakeTotpEnrolments:
    """Implements the port TotpEnrolmentRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.totp_enrolments

    async def get(self, user_id: UUID) -> TotpEnrolment | None:
        await self._scope.read("totp_enrolments.get")
        return self._rows.get(user_id)

    async def put(self, enrolment: TotpEnrolment) -> bool:
        await _write(self._scope, "totp_enrolments.put", enrolment.user_id)
        present = self._rows.get(enrolment.user_id)
        if present is not None and present.confirmed_at is not None:
            return False
        self._rows.replace(enrolment.user_id, enrolment)
        return True

    async def confirm(self, user_id: UUID, *, step: int, at: datetime) -> bool:
        await _write(self._scope, "totp_enrolments.confirm", user_id)
        present = self._rows.get(user_id)
        if present is None or present.confirmed_at is not None:
            return False
        self._rows.replace(user_id, replace(present, confirmed_at=at, last_used_step=step))
        return True

    async def use_step(self, user_id: UUID, *, step: int) -> bool:
        await _write(self._scope, "totp_enrolments.use_step", user_id)
        present = self._rows.get(user_id)
        if present is None or present.confirmed_at is None:
            return False
        if present.last_used_step is not None and step <= present.last_used_step:
            return False
        self._rows.replace(user_id, replace(present, last_used_step=step))
        return True

    async def remove(self, user_id: UUID) -> bool:
        await _write(self._scope, "totp_enrolments.remove", user_id)
        existed = self._rows.get(user_id) is not None
        self._rows.remove(user_id)
        return existed


class FakeRecoveryCodes:
    """Implements the port RecoveryCodeRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.recovery_codes

    async def replace(self, user_id: UUID, digests: Sequence[str], *, at: datetime) -> None:
        await _write(self._scope, "recovery_codes.replace", user_id)
        self._remove(user_id)
        for digest in digests:
            row = StoredRecoveryCode(user_id=user_id, digest=digest, created_at=at)
            self._rows.add((user_id, digest), row)

    async def use(self, user_id: UUID, digest: str, *, at: datetime) -> bool:
        await _write(self._scope, "recovery_codes.use", user_id)
        row = self._rows.get((user_id, digest))
        if row is None or row.used_at is not None:
            return False
        self._rows.replace((user_id, digest), replace(row, used_at=at))
        return True

    async def count_unused(self, user_id: UUID) -> int:
        await self._scope.read("recovery_codes.count_unused")
        return sum(row.used_at is None for row in self._of(user_id))

    async def remove_all(self, user_id: UUID) -> None:
        await _write(self._scope, "recovery_codes.remove_all", user_id)
        self._remove(user_id)

    def _remove(self, user_id: UUID) -> None:
        for row in self._of(user_id):
            self._rows.remove((user_id, row.digest))

    def _of(self, user_id: UUID) -> list[StoredRecoveryCode]:
        return [row for row in self._rows.values() if row.user_id == user_id]


class FakeMfaChallenges:
    """Implements the port MfaChallengeRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.mfa_challenges

    async def add(self, challenge: MfaChallenge) -> None:
        await _write(self._scope, "mfa_challenges.add", challenge.user_id)
        for other in self._rows.values():
            if other.user_id == challenge.user_id and other.expires_at <= challenge.created_at:
                self._rows.remove(other.digest)
        self._rows.add(challenge.digest, challenge)

    async def get(self, digest: str) -> MfaChallenge | None:
        await self._scope.read("mfa_challenges.get")
        return self._rows.get(digest)

    async def count_failure(self, digest: str) -> None:
        row = await self._locked("mfa_challenges.count_failure", digest)
        if row is not None:
            self._rows.replace(digest, replace(row, failures=row.failures + 1))

    async def mark_used(self, digest: str, *, at: datetime) -> bool:
        row = await self._locked("mfa_challenges.mark_used", digest)
        if row is None or row.used_at is not None:
            return False
        self._rows.replace(digest, replace(row, used_at=at))
        return True

    async def _locked(self, operation: str, digest: str) -> MfaChallenge | None:
        await self._scope.write(operation)
        row = self._rows.get(digest)
        if row is not None and not self._scope.holds(user_row(row.user_id)):
            raise PortMisuse(f"{operation}: the person's row is locked before")
        return row


class FakeMfaSecretMint:
    """Implements the port MfaSecretMint; each secret names its number."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def totp_secret(self) -> bytes:
        return next(self._numbers).to_bytes(SECRET_BYTES, "big")

    def recovery_codes(self) -> Sequence[RecoveryCode]:
        return [RecoveryCode(f"CODE-{next(self._numbers)}") for _ in range(RECOVERY_CODE_COUNT)]

    def challenge_token(self) -> str:
        return f"challenge-token-{next(self._numbers)}"


class FakeSecretBox:
    """Implements the port SecretBox; what it seals is easily read by whoever looks.

    `during_work` runs while somebody waits for it.
    """

    def __init__(self, during_work: Callable[[], None] = lambda: None) -> None:
        self.during_work = during_work
        self.reachable = True
        self.opened = 0
        self._numbers = count(1)

    async def seal(self, secret: bytes, *, context: str) -> str:
        await self._work()
        content = [next(self._numbers), context, secret.hex()]
        return _SEAL + base64.b64encode(json.dumps(content).encode()).decode()

    async def open(self, sealed: str, *, context: str) -> bytes:
        await self._work()
        self.opened += 1
        try:
            _, bound, secret = _content(sealed)
        except (ValueError, TypeError):
            raise SealBroken from None
        if bound != context:
            raise SealBroken
        return bytes.fromhex(secret)

    def look_into(self, sealed: str) -> bytes:
        """Return a sealed secret behind the service's back."""
        return bytes.fromhex(_content(sealed)[2])

    async def _work(self) -> None:
        await asyncio.sleep(0)
        self.during_work()
        if not self.reachable:
            raise DependencyUnavailable("vault")


def _content(sealed: str) -> tuple[int, str, str]:
    number, context, secret = json.loads(base64.b64decode(sealed.removeprefix(_SEAL)))
    return number, context, secret


async def _write(scope: Scope, operation: str, user_id: UUID) -> None:
    await scope.write(operation)
    if not scope.holds(user_row(user_id)):
        raise PortMisuse(f"{operation}: the person's row is locked before")
    if scope.view.users.get(user_id) is None:
        raise PortMisuse(f"{operation}: needs a user")
