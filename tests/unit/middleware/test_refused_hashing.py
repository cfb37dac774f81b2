"""A call that could not be answered in time is refused at once, and told when to come back."""

import asyncio
import threading

import grpc
import pytest

from core.crypto.background_pool import LONGEST_RETRY_SECONDS, BackgroundPool
from pandora.user.v1 import auth_service_pb2
from tests.unit.middleware.door import Door, open_door
from tests.unit.middleware.test_deadlines import GET_JWKS

LIMIT_SECONDS = 10.0


@pytest.mark.asyncio
async def test_the_deadline_of_a_call_decides_over_grpc_whether_its_hashing_may_wait() -> None:
    pool = BackgroundPool(threads=1, queue_limit=10)
    async with open_door() as door:
        pool._waiting_time.note(3600.0)
        opened = threading.Event()
        holding = asyncio.create_task(pool.run(lambda: opened.wait(LIMIT_SECONDS)))
        worked = _hash_at(door, pool)

        refusal = await door.refusal(GET_JWKS, timeout=LIMIT_SECONDS)

        assert worked == []
        assert (pool.waiting, pool.refused["deadline"]) == (0, 1)
        opened.set()
        await holding
        # With a thread at hand nobody is refused.
        await door.call(GET_JWKS, timeout=LIMIT_SECONDS)
    assert worked == ["hashed"]
    assert refusal.code is grpc.StatusCode.UNAVAILABLE
    assert refusal.reason == "SERVER_BUSY"
    assert refusal.retry is not None
    assert refusal.retry.retry_delay.ToTimedelta().total_seconds() == LONGEST_RETRY_SECONDS
    await pool.close()


def _hash_at(door: Door, pool: BackgroundPool) -> list[str]:
    """Let a method hash in the pool; return what notes each hashing."""
    worked: list[str] = []

    async def work(_request: object, _context: object) -> object:
        await pool.run(lambda: worked.append("hashed"))
        return auth_service_pb2.GetJwksResponse()

    door.behave[GET_JWKS] = work
    return worked
