"""Running a script on streams: looking, deciding and writing in one step of the server."""

from collections.abc import Sequence

from redis.asyncio import Redis

from core.redis.errors import redis_errors


async def run_script(
    client: Redis,
    script: str,
    *,
    keys: Sequence[str],
    arguments: Sequence[str | int],
    timeout_seconds: float,
) -> object:
    """Run a script by its digest, sending it whole where the server lacks it.

    Raises:
        DependencyUnavailable: Redis is out of reach, too slow, or refuses; after an outage it is
            not known whether the script has run.
    """
    async with redis_errors(client, timeout_seconds=timeout_seconds):
        answer: object = await client.register_script(script)(keys=keys, args=arguments)
        return answer
