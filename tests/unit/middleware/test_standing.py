"""A stream ends when its caller may not be told any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message

from core.domain.errors import DependencyUnavailable, DomainError, SessionRevoked, TokenExpired
from core.domain.user import Role
from core.middleware.standing import INTERVAL_SECONDS, streaming_methods
from core.transport.services import SERVICES
from pandora.options.v1.access_pb2 import CALLER_ROLE_ADMIN, AccessRule
from tests.unit.middleware.door import Door, Refusal, open_door
from tests.unit.middleware.strange_services import describe

pytestmark = pytest.mark.asyncio

GUARDED = describe(
    "strange.guarded", rule=AccessRule(roles=[CALLER_ROLE_ADMIN]), answers_stream=True
)
OPEN = describe("strange.unguarded", rule=AccessRule(anyone=True), answers_stream=True)


@dataclass(kw_only=True)
class Stream:
    """One stream that sends a message whenever a test asks for one."""

    door: Door
    clock: list[float]
    turns: asyncio.Queue[bool] = field(default_factory=asyncio.Queue)
    call: Any = None

    async def next(self) -> bytes:
        """Have one message sent, and read it."""
        self.turns.put_nowait(item=True)
        message: bytes = await self.call.read()
        return message

    async def refusal(self) -> Refusal:
        """Have one message sent that must not arrive."""
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.next()
        return Refusal.of(refused.value)

    def wait(self, seconds: float = INTERVAL_SECONDS) -> None:
        """Let time pass."""
        self.clock[0] += seconds


@asynccontextmanager
async def open_stream(service: Any = GUARDED, token: str | None = "admin") -> AsyncIterator[Stream]:  # noqa: ANN401 - a descriptor
    clock = [0.0]
    async with open_door(services=[service], seconds=lambda: clock[0]) as door:
        stream = Stream(door=door, clock=clock)
        answer = message_factory.GetMessageClass(service.methods[0].output_type)

        async def play(_request: object, _context: object) -> AsyncIterator[Message]:
            while await stream.turns.get():
                yield answer(number=1)

        door.stream["Strange/Do"] = play
        bearer = [] if token is None else [("authorization", f"Bearer {token}")]
        stub = door.channel.unary_stream(f"/{service.full_name}/Do")
        stream.call = stub(b"", metadata=bearer, timeout=10)
        yield stream


@pytest.mark.parametrize("error", [SessionRevoked(), TokenExpired()])
async def test_a_caller_who_may_not_act_any_more_is_told_nothing_further(
    error: DomainError,
) -> None:
    async with open_stream() as stream:
        assert await stream.next()
        stream.door.authenticator.renewed = error
        stream.wait()
        assert (await stream.refusal()).reason == error.reason


async def test_a_caller_whose_role_was_taken_away_is_told_nothing_further() -> None:
    async with open_stream() as stream:
        assert await stream.next()
        stream.door.authenticator.renewed = Role.SUPPORT
        stream.wait()
        assert (await stream.refusal()).reason == "PERMISSION_DENIED"


async def test_a_caller_of_whom_nothing_can_be_known_is_told_nothing_further() -> None:
    async with open_stream() as stream:
        assert await stream.next()
        stream.door.authenticator.renewed = DependencyUnavailable("postgres")
        stream.wait()
        assert (await stream.refusal()).reason == "DEPENDENCY_UNAVAILABLE"


async def test_it_is_asked_once_in_a_while_and_not_for_each_message() -> None:
    async with open_stream() as stream:
        for _ in range(5):
            assert await stream.next()
        assert stream.door.authenticator.renewals == 0
        for _ in range(3):
            stream.wait()
            for _ in range(5):
                assert await stream.next()
        assert stream.door.authenticator.renewals == 3


async def test_what_anyone_may_read_needs_no_standing() -> None:
    async with open_stream(OPEN, token=None) as stream:
        stream.wait()
        assert await stream.next()
        assert stream.door.authenticator.renewals == 0


async def test_the_export_is_such_a_stream() -> None:
    assert streaming_methods(SERVICES) == {"pandora.user.v1.AuditService/ExportAuditEvents"}
