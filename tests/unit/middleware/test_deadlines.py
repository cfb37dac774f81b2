import asyncio
import time
from unittest.mock import Mock

import grpc
import pytest

from core.domain.call_deadline import call_deadline
from core.middleware.call import Call
from core.middleware.deadline import Deadline, DeadlineLimits, time_limits
from core.middleware.errors import StatusError
from core.transport.services import SERVICES
from pandora.user.v1 import auth_service_pb2
from tests.unit.middleware.door import Door, open_door

GET_JWKS = "AuthService/GetJwks"


def test_the_clients_deadline_counts_within_the_limit() -> None:
    limits = DeadlineLimits(default_seconds=5, longest_seconds=8)

    assert limits.for_asked(None) == 5
    assert limits.for_asked(3) == 3
    assert limits.for_asked(3600) == 8


def test_a_method_that_takes_longer_says_so_in_the_contract() -> None:
    limits = time_limits(SERVICES)

    assert limits["pandora.user.v1.AuditService/VerifyAuditLog"] == 900
    assert "pandora.user.v1.UserService/GetUser" not in limits


@pytest.mark.asyncio
async def test_only_a_method_that_takes_longer_outlives_the_limit_of_others() -> None:
    limits = DeadlineLimits(default_seconds=0.01, longest_seconds=0.01)
    stage = Deadline(limits, {"long": 5.0})

    async def work(call: Call) -> object:
        await asyncio.sleep(0.05)
        return call.method

    assert await stage(plain_call("long"), work) == "long"
    with pytest.raises(StatusError):
        await stage(plain_call("usual"), work)


@pytest.mark.asyncio
async def test_the_work_knows_until_when_it_has_to_be_done() -> None:
    stage = Deadline(DeadlineLimits(default_seconds=5, longest_seconds=8), {})

    async def work(_call: Call) -> object:
        return call_deadline()

    began_at = time.monotonic()
    deadline = await stage(plain_call("usual"), work)
    assert isinstance(deadline, float)
    assert began_at + 5 <= deadline <= time.monotonic() + 5
    assert call_deadline() is None


def plain_call(method: str) -> Call:
    """Return a call without a deadline of its own."""
    context = Mock(time_remaining=lambda: None)
    return Call(method=method, request=None, context=context, metadata=())


def work_forever(door: Door) -> asyncio.Event:
    """Let a method never end; return what is set when its work is cancelled."""
    stopped = asyncio.Event()

    async def work(_request: object, _context: object) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            raise

    door.behave[GET_JWKS] = work
    return stopped


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("limits", "asked_seconds"),
    [
        (DeadlineLimits(default_seconds=0.05, longest_seconds=60), None),
        (DeadlineLimits(default_seconds=60, longest_seconds=0.05), 60),
    ],
    ids=["default", "upper bound"],
)
async def test_when_the_time_is_over_the_work_is_cancelled(
    limits: DeadlineLimits, asked_seconds: float | None
) -> None:
    async with open_door(deadlines=limits) as door:
        stopped = work_forever(door)
        refusal = await door.refusal(GET_JWKS, timeout=asked_seconds)

        assert stopped.is_set()
    assert refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert refusal.message == "the deadline has passed"
    assert refusal.reason is None
    assert refusal.request is not None
    assert door.log.entries[-1]["code"] == "DEADLINE_EXCEEDED"


@pytest.mark.asyncio
async def test_the_clients_own_deadline_stops_the_work_too() -> None:
    async with open_door() as door:
        stopped = work_forever(door)
        refusal = await door.refusal(GET_JWKS, timeout=0.1)
        await asyncio.wait_for(stopped.wait(), 10)

    assert refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.asyncio
async def test_a_timeout_inside_of_the_work_is_not_the_deadline() -> None:
    async with open_door() as door:

        async def fail(_request: object, _context: object) -> None:
            raise TimeoutError("an inner clock")

        door.behave[GET_JWKS] = fail
        refusal = await door.refusal(GET_JWKS)

    assert refusal.code is grpc.StatusCode.INTERNAL


@pytest.mark.asyncio
async def test_a_call_that_ends_in_time_is_answered() -> None:
    async with open_door(deadlines=DeadlineLimits(default_seconds=5, longest_seconds=5)) as door:
        answer = await door.call(GET_JWKS, timeout=None)

    assert answer == auth_service_pb2.GetJwksResponse().SerializeToString()
