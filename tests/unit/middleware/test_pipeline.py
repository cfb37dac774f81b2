import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message
from grpc_reflection.v1alpha import reflection_pb2

from core.domain.errors import Conflict
from core.middleware.call import Call, current_call, current_caller, enter
from core.middleware.pipeline import Pipeline
from pandora.options.v1.access_pb2 import AccessRule
from pandora.user.v1 import auth_service_pb2, user_service_pb2
from tests.unit.middleware.door import CALLER_ID, Door, Refusal, open_door
from tests.unit.middleware.requests import ABOUT_A_USER
from tests.unit.middleware.strange_services import describe

pytestmark = pytest.mark.asyncio

GET_JWKS = "AuthService/GetJwks"
HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"


@pytest.mark.parametrize(
    "method",
    ["UserService/Missing", "pandora.user.v1.MissingService/GetUser", "a.b/C", "GetUser"],
)
async def test_a_method_that_is_not_served_is_unimplemented(method: str) -> None:
    async with open_door() as door:
        refusal = await door.refusal(method, b"anything", token="admin")

    assert refusal.code is grpc.StatusCode.UNIMPLEMENTED
    assert refusal.message == "Method not found!"
    assert refusal.reason is None
    assert door.log.entries[-1]["method"] == "unknown"


async def test_callers_of_calls_at_the_same_time_are_not_mixed_up() -> None:
    async with open_door() as door:
        arrived = asyncio.Barrier(8)
        seen: dict[str, tuple[str, object]] = {}

        async def look(request: Any, _context: object) -> Message:  # noqa: ANN401
            await asyncio.wait_for(arrived.wait(), 10)
            seen[request.full_name] = (current_call().origin.request_id, current_caller().role)
            return user_service_pb2.UpdateUserResponse()

        door.behave["UserService/UpdateUser"] = look
        await asyncio.gather(
            *(
                door.call(
                    "UserService/UpdateUser",
                    user_service_pb2.UpdateUserRequest(user_id=str(CALLER_ID), full_name=str(n)),
                    token=["user", "admin"][n % 2],
                    metadata=[("x-request-id", f"request-{n}")],
                )
                for n in range(8)
            )
        )

    assert seen == {str(n): (f"request-{n}", ["user", "admin"][n % 2]) for n in range(8)}


async def test_outside_of_a_call_there_is_no_caller() -> None:
    with pytest.raises(LookupError):
        current_caller()


async def test_a_method_is_wrapped_once() -> None:
    async def behave(request: bytes, _context: object) -> bytes:
        return request

    found: Any = grpc.unary_unary_rpc_method_handler(behave)
    asked: list[str] = []

    async def find(details: Any) -> Any:  # noqa: ANN401
        asked.append(details.method)
        return found if details.method == "/a.B/C" else None

    pipeline = Pipeline(stages=(), foreign_stages=(), foreign_services=frozenset())
    details = [DetailsOf("/a.B/C"), DetailsOf("/a.B/C"), DetailsOf("/a.B/X"), DetailsOf("/a.B/X")]
    handlers: list[Any] = [await pipeline.intercept_service(find, each) for each in details]

    assert handlers[0] is handlers[1]
    assert handlers[0] is not found
    assert handlers[2] is handlers[3]
    # What is not served is asked for anew: clients could name methods without end.
    assert asked == ["/a.B/C", "/a.B/X", "/a.B/X"]


class DetailsOf(grpc.HandlerCallDetails):
    invocation_metadata = ()

    def __init__(self, method: str) -> None:
        self.method = method


async def test_stages_run_in_their_order_around_the_servicer() -> None:
    steps: list[str] = []

    class Note:
        def __init__(self, name: str) -> None:
            self._name = name

        async def __call__(self, call: Call, proceed: Any) -> object:  # noqa: ANN401
            steps.append(f"{self._name} {call.method}")
            answer: object = await proceed(call)
            steps.append(f"{self._name} after")
            return answer

    async def behave(request: bytes, _context: object) -> bytes:
        steps.append("servicer")
        return request

    handler: Any = grpc.unary_unary_rpc_method_handler(behave)
    stages = (Note("outer"), Note("inner"))
    pipeline = Pipeline(stages=stages, foreign_stages=(), foreign_services=frozenset())
    server = grpc.aio.server(interceptors=(pipeline,))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("a.B", {"C": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = channel.unary_unary("/a.B/C")
        assert await stub(b"echo") == b"echo"
    await server.stop(0)

    assert steps == ["outer a.B/C", "inner a.B/C", "servicer", "inner after", "outer after"]


STREAMING = describe("strange.streaming", rule=AccessRule(self=True), answers_stream=True)
DO = "strange.streaming.Strange/Do"


def script_stream(door: Door, *, fail_after: int | None = None) -> list[str]:
    """Let the stream count to three, or fail on the way; return what it notes."""
    answer = message_factory.GetMessageClass(STREAMING.methods[0].output_type)
    notes: list[str] = []

    async def count(_request: object, _context: object) -> AsyncIterator[Message]:
        try:
            for number in range(1, 4):
                if fail_after is not None and number > fail_after:
                    raise Conflict
                notes.append(str(current_caller().user_id))
                yield answer(number=number)
        finally:
            notes.append("closed")

    door.stream["Strange/Do"] = count
    return notes


async def read_stream(door: Door, request: bytes, token: str) -> tuple[list[bytes], Refusal | None]:
    stub = door.channel.unary_stream(f"/{DO}")
    call = stub(request, metadata=[("authorization", f"Bearer {token}")], timeout=10)
    messages: list[bytes] = []
    try:
        async for message in call:
            messages.append(message)  # noqa: PERF401 - those before an error count as well
    except grpc.aio.AioRpcError as error:
        return messages, Refusal.of(error)
    return messages, None


async def test_a_streamed_answer_walks_through_the_same_stages() -> None:
    async with open_door(services=[STREAMING]) as door:
        notes = script_stream(door)
        messages, refusal = await read_stream(door, b"\x0a\x02me", "user")
        _, denied = await read_stream(door, b"\x0a\x01x", "user")
        _, malformed = await read_stream(door, b"\x0a\x02\xff\xff", "user")

    assert messages == [b"\x08\x01", b"\x08\x02", b"\x08\x03"]
    assert refusal is None
    assert notes == [str(CALLER_ID)] * 3 + ["closed"]
    assert denied is not None
    assert denied.reason == "PERMISSION_DENIED"
    assert malformed is not None
    assert malformed.reason == "MALFORMED_REQUEST"
    assert [line["code"] for line in door.log.entries] == [
        "OK",
        "PERMISSION_DENIED",
        "INVALID_ARGUMENT",
    ]


async def test_an_error_in_the_middle_of_a_stream_ends_it_with_its_reason() -> None:
    async with open_door(services=[STREAMING]) as door:
        notes = script_stream(door, fail_after=2)
        messages, refusal = await read_stream(door, b"\x0a\x02me", "user")

    assert len(messages) == 2
    assert refusal is not None
    assert refusal.reason == "CONFLICT"
    assert notes[-1] == "closed"


async def test_a_reader_that_goes_away_closes_the_stream() -> None:
    async with open_door(services=[STREAMING]) as door:
        closed = asyncio.Event()
        answer = message_factory.GetMessageClass(STREAMING.methods[0].output_type)

        async def endless(_request: object, _context: object) -> AsyncIterator[Message]:
            try:
                while True:
                    yield answer(number=1)
            finally:
                closed.set()

        door.stream["Strange/Do"] = endless
        stub = door.channel.unary_stream(f"/{DO}")
        call = stub(b"\x0a\x02me", metadata=[("authorization", "Bearer user")])
        assert await call.read() == b"\x08\x01"
        call.cancel()
        await asyncio.wait_for(closed.wait(), 10)


async def test_health_and_reflection_need_no_credentials_and_no_rule() -> None:
    async def check(request: bytes, _context: object) -> bytes:
        return request

    async def reflect(requests: AsyncIterator[Any], _context: object) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request.SerializeToString()

    health: Any = grpc.unary_unary_rpc_method_handler(check)
    reflection: Any = grpc.stream_stream_rpc_method_handler(
        reflect, reflection_pb2.ServerReflectionRequest.FromString
    )
    extra = [
        grpc.method_handlers_generic_handler(HEALTH, {"Check": health}),
        grpc.method_handlers_generic_handler(REFLECTION, {"ServerReflectionInfo": reflection}),
    ]
    async with open_door(extra=extra) as door:
        assert await door.call(f"{HEALTH}/Check", b"ping") == b"ping"
        good = reflection_pb2.ServerReflectionRequest(list_services="x").SerializeToString()
        stub = door.channel.stream_stream(f"/{REFLECTION}/ServerReflectionInfo")
        answers = [message async for message in stub(iter([good, good]))]
        with pytest.raises(grpc.aio.AioRpcError) as broken:
            _ = [message async for message in stub(iter([good, b"\x0a\x02\xff\xff"]))]

    assert answers == [good, good]
    assert Refusal.of(broken.value).reason == "MALFORMED_REQUEST"
    assert door.authenticator.asked == []
    # Probes come every few seconds: what succeeds is told at level debug only.
    assert [line["level"] for line in door.log.entries] == ["debug", "debug", "info"]


async def test_a_fault_in_a_stage_is_answered_like_any_other() -> None:
    async with open_door() as door:
        door.metrics.fault = RuntimeError("registry=secret")
        refusal = await door.refusal(GET_JWKS)

    assert refusal.code is grpc.StatusCode.INTERNAL
    assert refusal.message == "internal error"


async def test_a_message_that_is_too_large_is_refused_by_the_library() -> None:
    async with open_door() as door:
        request = auth_service_pb2.LoginRequest(password="x" * (5 * 1024 * 1024))
        refusal = await door.refusal("AuthService/Login", request)
        after = await door.call(
            "UserService/GetUser", ABOUT_A_USER["UserService/GetUser"]("me"), token="user"
        )

    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert after == user_service_pb2.GetUserResponse().SerializeToString()


async def test_a_task_can_enter_a_call_by_hand() -> None:
    call = Call(method="a.B/C", request=None, context=None, metadata=())  # type: ignore[arg-type]

    async def serve() -> Call:
        enter(call)
        return current_call()

    assert await asyncio.create_task(serve()) is call
    with pytest.raises(LookupError):
        current_call()
