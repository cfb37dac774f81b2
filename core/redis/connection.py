"""Connections to Redis."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider

from core.redis.errors import redis_errors
from core.redis.tls import TlsConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCredentials:
    """Who we are to Redis (an ACL user)."""

    username: str
    password: str = field(repr=False)


CredentialSource = Callable[[], Awaitable[RedisCredentials]]
"""Asked at every new connection, so that a rotated password is used without a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEndpoint:
    """Where Redis is, and how long we wait for it: to connect, and for each single reply.

    With `tls` the server's certificate has to come from the file's authorities, or, without a
    file, from those that the operating system trusts.
    """

    host: str
    port: int
    connect_timeout_seconds: float
    command_timeout_seconds: float
    max_connections: int = 10
    tls: bool = False
    ca_file: Path | None = None

    @property
    def total_timeout_seconds(self) -> float:
        """What one operation may take in all, connecting anew included."""
        return self.connect_timeout_seconds + self.command_timeout_seconds


def open_client(
    endpoint: RedisEndpoint, credentials: CredentialSource, *, decoding_errors: str = "strict"
) -> Redis:
    """Return a client that connects when it is first used, and again whenever it has to.

    `decoding_errors` says what becomes of bytes that are no UTF-8, in Python's words: whoever
    reads what others wrote takes `surrogateescape`, which keeps them.

    The driver never retries by itself: who calls knows how long it may wait and whether a repeat
    is harmless, and many clients that each retry ten times are what a recovering server dies of.
    """
    options: dict[str, Any] = {
        "host": endpoint.host,
        "port": endpoint.port,
        "credential_provider": _CredentialProvider(credentials),
        "socket_connect_timeout": endpoint.connect_timeout_seconds,
        "socket_timeout": endpoint.command_timeout_seconds,
        "max_connections": endpoint.max_connections,
        "retry": Retry(NoBackoff(), 0),
        # Spares two commands per connection that a narrow ACL would refuse anyway.
        "driver_info": None,
        "decode_responses": True,
        "encoding_errors": decoding_errors,
    }
    if endpoint.tls:
        options |= {"connection_class": TlsConnection, "ca_file": endpoint.ca_file}
    return Redis.from_pool(ConnectionPool(**options))


async def ping(client: Redis, *, timeout_seconds: float) -> None:
    """Ask Redis for a sign of life.

    Raises:
        DependencyUnavailable: none came in time, or Redis does not let us in.
    """
    async with redis_errors(client, timeout_seconds=timeout_seconds):
        await client.ping()


class _CredentialProvider(CredentialProvider):
    """Hands the driver what the source says at this moment."""

    def __init__(self, source: CredentialSource) -> None:
        self._source = source

    async def get_credentials_async(self) -> tuple[str, str]:
        current = await self._source()
        return current.username, current.password
