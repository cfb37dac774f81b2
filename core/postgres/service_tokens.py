"""Records of service tokens in PostgreSQL."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.postgres.execution import Executor
from core.postgres.shared_read import SharedRead
from core.postgres.statements import Exec, Many


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTokenRecord:
    """A service token's row."""

    id: UUID
    service_name: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewServiceTokenParams(TypedDict):
    """All that is stored of a service token."""

    id: UUID
    service_name: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ServiceTokenIdsParams(TypedDict):
    """Names service tokens."""

    token_ids: list[UUID]


class RevokeServiceTokensParams(TypedDict):
    """The end of all tokens of a service."""

    service_name: str
    at: datetime


ADD_SERVICE_TOKEN = Exec("service_tokens", "add_service_token", NewServiceTokenParams)
GET_SERVICE_TOKENS = Many(
    "service_tokens", "get_service_tokens", ServiceTokenIdsParams, ServiceTokenRecord
)
REVOKE_SERVICE_TOKENS = Exec("service_tokens", "revoke_service_tokens", RevokeServiceTokensParams)


ServiceTokenReader = Callable[[UUID], Awaitable[ServiceToken | None]]
"""Returns the record of a token, revoked or not, or None where there is none."""


def shared_token_reader(executor: Executor) -> ServiceTokenReader:
    """Return a reader whose concurrent reads share a query: a service calls with one token."""

    async def fetch(token_ids: Sequence[UUID]) -> Mapping[UUID, ServiceToken]:
        return await _fetch(executor, token_ids)

    return SharedRead(fetch).get


def direct_token_reader(executor: Executor) -> ServiceTokenReader:
    """Return a reader that runs a query for each read, inside its executor's transaction."""

    async def read(token_id: UUID) -> ServiceToken | None:
        found = await _fetch(executor, [token_id])
        return found.get(token_id)

    return read


class PostgresServiceTokens:
    """Implements the port ServiceTokenRepository."""

    def __init__(self, executor: Executor, read_token: ServiceTokenReader) -> None:
        """Take what runs the statements, and how single records are read."""
        self._run = executor
        self._read = read_token

    async def add(self, token: ServiceToken) -> None:
        """Store the record of a minted token."""
        params = NewServiceTokenParams(
            id=token.id,
            service_name=token.service_name,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )
        await self._run.execute(ADD_SERVICE_TOKEN, params)

    async def get(self, token_id: UUID) -> ServiceToken | None:
        """Return the record, revoked or not."""
        return await self._read(token_id)

    async def revoke_all(self, service_name: str, *, at: datetime) -> int:
        """Revoke every token of a service that is alive; return how many."""
        params = RevokeServiceTokensParams(service_name=service_name, at=at)
        return await self._run.execute(REVOKE_SERVICE_TOKENS, params)


async def _fetch(executor: Executor, token_ids: Sequence[UUID]) -> Mapping[UUID, ServiceToken]:
    params = ServiceTokenIdsParams(token_ids=list(token_ids))
    return {
        record.id: ServiceToken(
            id=record.id,
            service_name=record.service_name,
            issued_at=record.issued_at,
            expires_at=record.expires_at,
            revoked_at=record.revoked_at,
        )
        for record in await executor.many(GET_SERVICE_TOKENS, params)
    }
