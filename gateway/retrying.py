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

_UNSEEN_SECONDS: Final = 2.0
"""A core cancels what it has begun when its grace is over, which is longer than this; what it
cancels sooner has reached a core that was about to end, and never its code."""
_UNSEEN_TRIES: Final = 5
"""How often a call is made until it meets a core that stays."""


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

    gRPC's server cancels calls that have arrived, and that nobody has begun, when it is told to
    stop. Those surely did nothing: they are made again, whatever they are, and however many.
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
            began_at = retries.monotonic()
            try:
                reply = await self._call(
                    request, metadata=metadata, timeout_seconds=timeout_seconds
                )
            except grpc.aio.AioRpcError as error:
                is_unseen = _is_unseen(error, retries.monotonic() - began_at)
                if is_refusal(error) or not (
                    is_unseen or error.code() is grpc.StatusCode.UNAVAILABLE
                ):
                    raise
                delay = retries.delay_seconds(failures)
                timeout_seconds = ends_at - retries.monotonic() - delay
                if timeout_seconds <= 0 or not self._may_repeat(failures, limit, is_unseen):
                    raise
                retries.on_retry()
                await retries.sleep(delay)
            else:
                retries.note_success()
                return reply
        raise AssertionError("counting never ends")

    def _may_repeat(self, failures: int, limit: int, is_unseen: bool) -> bool:  # noqa: FBT001 - a fact beside others
        if is_unseen:
            return self._retries.limit > 0 and failures < _UNSEEN_TRIES
        return self._retries.note_failure() and failures <= limit


def _is_unseen(error: grpc.aio.AioRpcError, seconds: float) -> bool:
    """Tell whether the core's code cannot have begun the call, which failed after so long."""
    return (
        error.code() is grpc.StatusCode.CANCELLED
        and seconds < _UNSEEN_SECONDS
        and not error.initial_metadata()
    )
