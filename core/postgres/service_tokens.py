"""Records of service tokens in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


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


class ServiceTokenIdParams(TypedDict):
    """Names a service token."""

    token_id: UUID


class RevokeServiceTokensParams(TypedDict):
    """The end of all tokens of a service."""

    service_name: str
    at: datetime


ADD_SERVICE_TOKEN = Exec("service_tokens", "add_service_token", NewServiceTokenParams)
GET_SERVICE_TOKEN = One(
    "service_tokens", "get_service_token", ServiceTokenIdParams, ServiceTokenRecord
)
REVOKE_SERVICE_TOKENS = Exec("service_tokens", "revoke_service_tokens", RevokeServiceTokensParams)


class PostgresServiceTokens:
    """Implements the port ServiceTokenRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

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
        params = ServiceTokenIdParams(token_id=token_id)
        record = await self._run.one(GET_SERVICE_TOKEN, params)
        if record is None:
            return None
        return ServiceToken(
            id=record.id,
            service_name=record.service_name,
            issued_at=record.issued_at,
            expires_at=record.expires_at,
            revoked_at=record.revoked_at,
        )

    async def revoke_all(self, service_name: str, *, at: datetime) -> int:
        """Revoke every token of a service that is alive; return how many."""
        params = RevokeServiceTokensParams(service_name=service_name, at=at)
        return await self._run.execute(REVOKE_SERVICE_TOKENS, params)
