"""Challenges for the second factor in PostgreSQL, by the digest of their token."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.mfa import MfaChallenge
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaChallengeRecord:
    """A challenge's row."""

    digest: str = field(repr=False)
    user_id: UUID
    password_mark: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    failures: int
    used_at: datetime | None


class NewChallengeParams(TypedDict):
    """All that is stored of a new challenge."""

    digest: str
    user_id: UUID
    password_mark: str
    created_at: datetime
    expires_at: datetime


class ExpiredChallengesParams(TypedDict):
    """A person, and the moment by which a challenge has run out."""

    user_id: UUID
    now: datetime


class ChallengeDigestParams(TypedDict):
    """Names a challenge."""

    digest: str


class UsedChallengeParams(TypedDict):
    """The completion of a challenge."""

    digest: str
    at: datetime


ADD_MFA_CHALLENGE = Exec("mfa_challenges", "add_mfa_challenge", NewChallengeParams)
REMOVE_EXPIRED_MFA_CHALLENGES = Exec(
    "mfa_challenges", "remove_expired_mfa_challenges", ExpiredChallengesParams
)
GET_MFA_CHALLENGE = One(
    "mfa_challenges", "get_mfa_challenge", ChallengeDigestParams, MfaChallengeRecord
)
COUNT_MFA_FAILURE = Exec("mfa_challenges", "count_mfa_failure", ChallengeDigestParams)
MARK_MFA_CHALLENGE_USED = Exec("mfa_challenges", "mark_mfa_challenge_used", UsedChallengeParams)


class PostgresMfaChallenges:
    """Implements the port MfaChallengeRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, challenge: MfaChallenge) -> None:
        """Store a challenge, and remove those of the same person that had expired by then."""
        expired = ExpiredChallengesParams(user_id=challenge.user_id, now=challenge.created_at)
        await self._run.execute(REMOVE_EXPIRED_MFA_CHALLENGES, expired)
        params = NewChallengeParams(
            digest=challenge.digest,
            user_id=challenge.user_id,
            password_mark=challenge.password_mark,
            created_at=challenge.created_at,
            expires_at=challenge.expires_at,
        )
        await self._run.execute(ADD_MFA_CHALLENGE, params)

    async def get(self, digest: str) -> MfaChallenge | None:
        """Return the challenge, open or not."""
        record = await self._run.one(GET_MFA_CHALLENGE, ChallengeDigestParams(digest=digest))
        if record is None:
            return None
        return MfaChallenge(
            digest=record.digest,
            user_id=record.user_id,
            password_mark=record.password_mark,
            created_at=record.created_at,
            expires_at=record.expires_at,
            failures=record.failures,
            used_at=record.used_at,
        )

    async def count_failure(self, digest: str) -> None:
        """Count one more wrong code."""
        await self._run.execute(COUNT_MFA_FAILURE, ChallengeDigestParams(digest=digest))

    async def mark_used(self, digest: str, *, at: datetime) -> bool:
        """Close the challenge; return False where it was used already."""
        params = UsedChallengeParams(digest=digest, at=at)
        return await self._run.execute(MARK_MFA_CHALLENGE_USED, params) == 1
