"""What limits and field rules have to do with idempotency keys."""

import asyncio
from functools import partial

import grpc
import pytest

from core.domain.rate_limit import Rate, RateClass
from core.middleware.origin import TrustedPeers
from tests.fakes.rates import rates
from tests.unit.middleware.door import open_door
from tests.unit.middleware.keyed_calls import (
    REGISTER,
    SUSPEND,
    Counted,
    refusal,
    registration,
    reply,
    suspension,
)

pytestmark = pytest.mark.asyncio

LOOPBACK = TrustedPeers.parse(["127.0.0.0/8"])


async def test_repeats_are_not_counted_as_the_calls_that_they_repeat() -> None:
    two = Rate(calls=2, window_seconds=3600)
    parts = rates({RateClass.REGISTRATION: two}, mailbox=two)
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        door.behave[REGISTER] = (counted := Counted()).register
        from_there = (("x-client-address", "192.0.2.1"),)
        answers = await asyncio.gather(
            *(
                reply(door, REGISTER, registration(), token=None, metadata=from_there)
                for _ in range(50)
            )
        )
        assert len({each.content for each in answers}) == 1
        assert counted.times == 1
        call = partial(reply, door, REGISTER, registration(), token=None, metadata=from_there)
        await call(key="another")
        refused = await refusal(
            door, REGISTER, registration(), token=None, metadata=from_there, key="a-third"
        )
        assert refused.reason == "RATE_LIMITED"


async def test_calls_with_a_key_have_a_limit_of_their_own() -> None:
    parts = rates({RateClass.REPEAT: Rate(calls=3, window_seconds=3600)})
    async with open_door(rates=parts) as door:
        for _ in range(3):
            await reply(door, SUSPEND, suspension())
        refused = await refusal(door, SUSPEND, suspension())
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "RATE_LIMITED",
        )
        await door.call(SUSPEND, suspension(), token="admin")


async def test_a_request_that_breaks_a_rule_or_cannot_be_read_leaves_its_key_free() -> None:
    async with open_door() as door:
        refused = await refusal(door, SUSPEND, suspension(reason=""))
        assert refused.reason == "VALIDATION_FAILED"
        broken = await door.refusal(
            SUSPEND, b"\xff", token="admin", metadata=(("idempotency-key", "key-1"),)
        )
        assert broken.reason == "MALFORMED_REQUEST"
        assert not (await reply(door, SUSPEND, suspension())).is_replayed
