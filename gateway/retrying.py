"""Calls that did not reach the core are repeated, where that does no harm."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

import grpc
from google.protobuf.message import Message

from gateway.call_metadata import Metadata
from gateway.channel import Reply, UnaryCall
from gateway.rpc_errors import is_refusal

_KEY: Final = "idempotency-key"
_FIRST_DELAY_SECONDS: Final = 0.1
_LONGEST_DELAY_SECONDS: Final = 1.0
# As gRPC's own throttle (gRFC A6): when failures are many, repeating them helps nobody.
_TOKENS: Final = 10.0
_TOKENS_OF_A_SUCCESS: Final = 0.1


@dataclass(slots=True, kw_only=True)
class Retries:
    """How often calls are repeated, and the one budget of all of them."""

    limit: int
    on_retry: Callable[[], None] = lambda: None
    chance: Callable[[], float] = random.random
    """A number from 0 up to 1."""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    tokens: float = _TOKENS

    def note_success(self) -> None:
        """Give a part of a token back."""
        self.tokens = min(_TOKENS, self.tokens + _TOKENS_OF_A_SUCCESS)

    def note_failure(self) -> bool:
        """Take a token; tell whether there are enough left to try again."""
        self.tokens = max(0.0, self.tokens - 1)
        return self.tokens > _TOKENS / 2

    def delay_seconds(self, failures: int) -> float:
        """How long to wait after so many failures: anything up to a bound that doubles."""
        bound = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2.0 ** (failures - 1))
        return bound * self.chance()


class Retrying:
    """A UnaryCall that is made again when the core was out of reach (UNAVAILABLE).

    Whether the core has done the work nobody knows then: so only a call is repeated that may be
    (the contract says so, or it carries an idempotency key), within the deadline of the first try.
    What the core itself refuses is never repeated: it says when to come back, and to whom.
    """

    def __init__(self, call: UnaryCall, retries: Retries, *, is_repeatable: bool) -> None:
        """Take the call, and whether every one of its kind may be repeated."""
        self._call = call
        self._retries = retries
        self._is_repeatable = is_repeatable

    async def __call__(
        self, request: Message, *, metadata: Metadata, timeout_seconds: float
    ) -> Reply:
        """Answer, or raise what the last try raised; see UnaryCall."""
        retries = self._retries
        may_repeat = self._is_repeatable or any(key == _KEY for key, _ in metadata)
        limit = retries.limit if may_repeat else 0
        ends_at = retries.monotonic() + timeout_seconds
        for failures in count(1):
            try:
                reply = await self._call(
                    request, metadata=metadata, timeout_seconds=timeout_seconds
                )
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or is_refusal(error):
                    raise
                delay = retries.delay_seconds(failures)
                timeout_seconds = ends_at - retries.monotonic() - delay
                if not retries.note_failure() or failures > limit or timeout_seconds <= 0:
                    raise
                retries.on_retry()
                await retries.sleep(delay)
            else:
                retries.note_success()
                return reply
        raise AssertionError("counting never ends")
