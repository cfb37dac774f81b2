"""A core alone, started and killed by its test, and the refresh tokens in its database."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc.aio
import psycopg

from devstack.readiness import grpc_serving
from pandora.user.v1 import auth_service_pb2, auth_service_pb2_grpc, user_service_pb2_grpc
from tests.e2e.grpc_door import open_channel
from tests.e2e.people import PASSWORD, new_email
from tests.e2e.processes import Process
from tests.e2e.site import Site

DEADLINE_SECONDS = 30.0


@dataclass(kw_only=True)
class Core:
    """A running core and one channel to it."""

    process: Process
    channel: grpc.aio.Channel

    def __post_init__(self) -> None:
        self.auth = auth_service_pb2_grpc.AuthServiceStub(self.channel)
        self.users = user_service_pb2_grpc.UserServiceStub(self.channel)

    async def log_in(self) -> str:
        """Register somebody, and return the first refresh token of a session."""
        email = new_email()
        await self.auth.Register(auth_service_pb2.RegisterRequest(email=email, password=PASSWORD))
        login = await self.auth.Login(auth_service_pb2.LoginRequest(email=email, password=PASSWORD))
        return str(login.refresh_token)

    async def refresh(
        self, refresh_token: str, request_id: str
    ) -> auth_service_pb2.RefreshTokenResponse:
        request = auth_service_pb2.RefreshTokenRequest(
            refresh_token=refresh_token, request_id=request_id
        )
        answer: auth_service_pb2.RefreshTokenResponse = await self.auth.RefreshToken(
            request, timeout=DEADLINE_SECONDS
        )
        return answer


@asynccontextmanager
async def running_core(site: Site, **changes: str) -> AsyncIterator[Core]:
    """Start a core with changes to its environment, and end it well unless it was killed."""
    process = site.start("core", "serve", **changes)
    try:
        await asyncio.to_thread(
            process.wait_until, lambda: grpc_serving(site.core_address, site.certificates)
        )
        async with open_channel(site) as channel:
            yield Core(process=process, channel=channel)
    finally:
        if process.runs:
            await asyncio.to_thread(process.stop)


def tokens_of(site: Site) -> dict[str, str | None]:
    """Return the digest of every stored refresh token, and that of its successor."""
    with psycopg.connect(site.database.owner_dsn) as connection:
        rows = connection.execute("SELECT token, successor FROM refresh_tokens").fetchall()
    return dict(rows)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
