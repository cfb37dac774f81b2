"""What an operator does with events that could not be applied."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.bootstrap.foundation import Foundation, read_secrets, redis_endpoint, redis_login
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import Startup, in_one_line
from core.domain.errors import DependencyUnavailable
from core.domain.ports.event_source import DeadLetter, DeadLetters
from core.domain.stream_id import position
from core.redis.connection import open_client
from core.redis.dead_letters import RedisDeadLetters

_PAGE = 100
_FIRST = "0-0"


async def list_dead_letters(
    foundation: Foundation, *, limit: int | None, show_payload: bool
) -> None:
    """Print the dead letters, oldest first, one JSON object a line; payloads only when asked for.

    Raises:
        OperationRefused: Redis is out of reach or refuses.
        StartFailed: Vault is out of reach.
    """
    async with _dead_letters(foundation) as letters:
        left, after = limit, _FIRST
        while left is None or left > 0:
            page = await letters.page(after=after, limit=min(_PAGE, left or _PAGE))
            if not page:
                return
            for letter in page:
                sys.stdout.write(f"{json.dumps(_described(letter, show_payload=show_payload))}\n")
            after = page[-1].id
            left = None if left is None else left - len(page)


async def replay(foundation: Foundation, *, letter_id: str | None) -> None:
    """Put one dead letter, or with None all that there are now, into its stream again.

    Raises:
        OperationRefused: there is no such dead letter, or Redis is out of reach or refuses.
        StartFailed: Vault is out of reach.
    """
    async with _dead_letters(foundation) as letters:
        replayed = 0
        async for one in _ids(letters, letter_id):
            if (entry_id := await letters.replay(one)) is not None:
                replayed += 1
                sys.stdout.write(f"{json.dumps({'id': one, 'entry_id': entry_id})}\n")
        if letter_id is not None and not replayed:
            raise OperationRefused(f"there is no dead letter {letter_id}")


async def _ids(letters: DeadLetters, letter_id: str | None) -> AsyncIterator[str]:
    """Yield what to replay; what fails again meanwhile has a greater id and is left alone."""
    if letter_id is not None:
        yield letter_id
        return
    waiting, after = [], _FIRST
    while page := await letters.page(after=after, limit=_PAGE):
        waiting += [letter.id for letter in page]
        after = page[-1].id
    for one in sorted(waiting, key=position):
        yield one


@asynccontextmanager
async def _dead_letters(foundation: Foundation) -> AsyncIterator[DeadLetters]:
    settings = foundation.settings
    async with Startup() as startup:
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        endpoint = redis_endpoint(settings)
        client = open_client(endpoint, redis_login(secrets), decoding_errors="surrogateescape")
        startup.on_end(client.aclose)
        letters = RedisDeadLetters(
            client=client,
            stream=settings.consumer.stream,
            timeout_seconds=endpoint.total_timeout_seconds,
        )
        try:
            yield letters
        except DependencyUnavailable as error:
            raise OperationRefused(in_one_line(error)) from error


def _described(letter: DeadLetter, *, show_payload: bool) -> dict[str, object]:
    refusal = letter.refusal
    described: dict[str, object] = {
        "id": letter.id,
        "time": letter.failed_at,
        "event_id": refusal.event_id or None,
        "event_type": refusal.event_type or None,
        "reason": refusal.reason,
        "detail": refusal.detail or None,
        "entry_id": letter.entry_id,
        "consumer": letter.consumer,
        "deliveries": letter.deliveries,
    }
    return described | ({"event": letter.text} if show_payload else {})
