"""Consecutive failures to log in, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from core.domain.throttling import Lane
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class FailuresRecord:
    """How many failures there are."""

    failures: int


class LaneDigestParams(TypedDict):
    """Names a lane."""

    digest: str


class NewFailureParams(TypedDict):
    """One more failure of a lane."""

    digest: str
    account: str
    at: datetime


class StaleFailuresParams(TypedDict):
    """Which counts are too old to matter."""

    before: datetime
    below: int


class ClearFailuresParams(TypedDict):
    """Names lanes, and the count at which one is closed."""

    digests: list[str]
    below: int


class AccountDigestParams(TypedDict):
    """Names an account."""

    account: str


_FILE = "login_failures"
GET_LOGIN_FAILURES = One(_FILE, "get_login_failures", LaneDigestParams, FailuresRecord)
ADD_LOGIN_FAILURE = One(_FILE, "add_login_failure", NewFailureParams, FailuresRecord)
DROP_STALE_LOGIN_FAILURES = Exec(_FILE, "drop_stale_login_failures", StaleFailuresParams)
CLEAR_LOGIN_FAILURES = Exec(_FILE, "clear_login_failures", ClearFailuresParams)
CLEAR_ACCOUNT = Exec(_FILE, "clear_login_failures_of_account", AccountDigestParams)


class PostgresLoginFailures:
    """Implements the port LoginFailureRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def count(self, digest: str) -> int:
        """Return how many failures a lane has seen since the last success."""
        found = await self._run.one(GET_LOGIN_FAILURES, LaneDigestParams(digest=digest))
        return 0 if found is None else found.failures

    async def add(self, lane: Lane, *, at: datetime) -> int:
        """Count one more failure of a lane, and return how many there are now."""
        params = NewFailureParams(digest=lane.digest, account=lane.account, at=at)
        counted = await self._run.one(ADD_LOGIN_FAILURE, params)
        return 0 if counted is None else counted.failures

    async def drop_stale(self, *, below: int, before: datetime) -> None:
        """Drop at most ten counts that are too old to matter."""
        params = StaleFailuresParams(before=before, below=below)
        await self._run.execute(DROP_STALE_LOGIN_FAILURES, params)

    async def clear(self, digests: Sequence[str], *, below: int) -> None:
        """Forget the failures of lanes that are not closed."""
        params = ClearFailuresParams(digests=list(digests), below=below)
        await self._run.execute(CLEAR_LOGIN_FAILURES, params)

    async def clear_account(self, account: str) -> None:
        """Forget the failures of every lane of an account."""
        await self._run.execute(CLEAR_ACCOUNT, AccountDigestParams(account=account))
