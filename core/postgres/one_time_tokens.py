"""One-time tokens in PostgreSQL, by digest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeTokenRecord:
    """A one-time token's row."""

    id: UUID
    digest: str = field(repr=False)
    purpose: str
    user_id: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    superseded_at: datetime | None


class NewOneTimeTokenParams(TypedDict):
    """All that is stored of a new token."""

    id: UUID
    digest: str
    purpose: str
    user_id: UUID
    created_at: datetime
    expires_at: datetime


class OneTimeTokenDigestParams(TypedDict):
    """Names a token."""

    digest: str


class UseOneTimeTokenParams(TypedDict):
    """The use of a token."""

    token_id: UUID
    at: datetime


class SupersedeParams(TypedDict):
    """The end of a person's tokens for a purpose."""

    user_id: UUID
    purpose: str
    at: datetime


_FILE = "one_time_tokens"
ADD_ONE_TIME_TOKEN = Exec(_FILE, "add_one_time_token", NewOneTimeTokenParams)
GET_ONE_TIME_TOKEN = One(_FILE, "get_one_time_token", OneTimeTokenDigestParams, OneTimeTokenRecord)
MARK_ONE_TIME_TOKEN_USED = Exec(_FILE, "mark_one_time_token_used", UseOneTimeTokenParams)
SUPERSEDE_ONE_TIME_TOKENS = Exec(_FILE, "supersede_one_time_tokens", SupersedeParams)


class PostgresOneTimeTokens:
    """Implements the port OneTimeTokenRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, token: OneTimeToken) -> None:
        """Store a token, unless it is nobody's."""
        params = NewOneTimeTokenParams(
            id=token.id,
            digest=token.digest,
            purpose=token.purpose.value,
            user_id=token.user_id,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
        await self._run.execute(ADD_ONE_TIME_TOKEN, params)

    async def get(self, digest: str) -> OneTimeToken | None:
        """Return the token, whether it still serves or not."""
        params = OneTimeTokenDigestParams(digest=digest)
        record = await self._run.one(GET_ONE_TIME_TOKEN, params)
        if record is None:
            return None
        return OneTimeToken(
            id=record.id,
            digest=record.digest,
            purpose=TokenPurpose(record.purpose),
            user_id=record.user_id,
            created_at=record.created_at,
            expires_at=record.expires_at,
            used_at=record.used_at,
            superseded_at=record.superseded_at,
        )

    async def mark_used(self, token_id: UUID, *, at: datetime) -> bool:
        """Use a token; return False where it does not serve any more."""
        params = UseOneTimeTokenParams(token_id=token_id, at=at)
        return await self._run.execute(MARK_ONE_TIME_TOKEN_USED, params) == 1

    async def supersede(self, user_id: UUID, purpose: TokenPurpose, *, at: datetime) -> int:
        """End every unused token of a person for a purpose; return how many."""
        params = SupersedeParams(user_id=user_id, purpose=purpose.value, at=at)
        return await self._run.execute(SUPERSEDE_ONE_TIME_TOKENS, params)
