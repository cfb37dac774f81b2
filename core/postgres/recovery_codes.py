"""Recovery codes in PostgreSQL, by digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedCount:
    """How many codes still serve."""

    unused: int


class NewRecoveryCodesParams(TypedDict):
    """The codes of a person."""

    user_id: UUID
    digests: list[str]
    at: datetime


class UsedRecoveryCodeParams(TypedDict):
    """The use of a code."""

    user_id: UUID
    digest: str
    at: datetime


class CodeHolderParams(TypedDict):
    """Names the person who has codes."""

    user_id: UUID


ADD_RECOVERY_CODES = Exec("recovery_codes", "add_recovery_codes", NewRecoveryCodesParams)
USE_RECOVERY_CODE = Exec("recovery_codes", "use_recovery_code", UsedRecoveryCodeParams)
COUNT_UNUSED_RECOVERY_CODES = One(
    "recovery_codes", "count_unused_recovery_codes", CodeHolderParams, UnusedCount
)
REMOVE_RECOVERY_CODES = Exec("recovery_codes", "remove_recovery_codes", CodeHolderParams)


class PostgresRecoveryCodes:
    """Implements the port RecoveryCodeRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def replace(self, user_id: UUID, digests: Sequence[str], *, at: datetime) -> None:
        """Store codes in place of all that the person had."""
        await self.remove_all(user_id)
        params = NewRecoveryCodesParams(user_id=user_id, digests=list(digests), at=at)
        await self._run.execute(ADD_RECOVERY_CODES, params)

    async def use(self, user_id: UUID, digest: str, *, at: datetime) -> bool:
        """Mark an unused code as used; return False where there is none."""
        params = UsedRecoveryCodeParams(user_id=user_id, digest=digest, at=at)
        return await self._run.execute(USE_RECOVERY_CODE, params) == 1

    async def count_unused(self, user_id: UUID) -> int:
        """Count the codes that still serve."""
        params = CodeHolderParams(user_id=user_id)
        counted = await self._run.one(COUNT_UNUSED_RECOVERY_CODES, params)
        return 0 if counted is None else counted.unused

    async def remove_all(self, user_id: UUID) -> None:
        """Remove every code of a person."""
        await self._run.execute(REMOVE_RECOVERY_CODES, CodeHolderParams(user_id=user_id))
