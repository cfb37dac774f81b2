"""The one place where the Redis driver's errors become the domain's."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.domain.errors import DependencyUnavailable, DomainError
from core.observability.tls_trouble import tls_trouble

DEPENDENCY = "redis"

_ERROR_CODE = re.compile(r"""(?:^|caused error: \(['"])([A-Z]{2,20}) """)
"""A server's code at the start of its words, which the driver may have put into its own."""


@asynccontextmanager
async def redis_errors(client: Redis, *, timeout_seconds: float) -> AsyncIterator[None]:
    """Bound what is done inside, and translate whatever goes wrong in it.

    A server's refusal (OOM, READONLY, NOAUTH, LOADING, NOREPLICAS …) counts as an outage like any
    other: nothing was done, and only time or an operator helps. The driver's text stays here,
    because it quotes the command that failed.

    Raises:
        DependencyUnavailable: Redis is out of reach, too slow, or refuses.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            yield
    except (RedisError, OSError) as error:
        await _drop_idle_connections(client)
        raise DependencyUnavailable(DEPENDENCY, detail=_detail(error)) from None
    except DomainError:
        # The credentials could not be had: a connection is open, but nobody has logged in on it.
        await _drop_idle_connections(client)
        raise


async def _drop_idle_connections(client: Redis) -> None:
    """Make the next attempt connect anew.

    After a failover the old connection still leads to the demoted server, and after a rotation it
    is still the old user's; a connection that was left in the middle of a reply is of no use.
    """
    with suppress(RedisError, OSError):
        await client.connection_pool.disconnect(inuse_connections=False)


def _detail(error: Exception) -> str:
    """Return what is wrong with TLS, the server's error code, or the name of the driver's class."""
    if (trouble := tls_trouble(error)) is not None:
        return trouble
    known_code = getattr(error, "status_code", None)
    if isinstance(known_code, str):
        return known_code
    found = _ERROR_CODE.search(str(error))
    return found[1] if found else type(error).__name__
