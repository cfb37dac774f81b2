import grpc
import pytest
from google.protobuf.message import Message

from pandora.user.v1 import user_service_pb2
from tests.unit.middleware.door import CALLER_ID, Door, open_door

pytestmark = pytest.mark.asyncio

GET_USER = "UserService/GetUser"
INVALID_UTF8 = b"\x0a\x02\xff\xfe"
TRUNCATED = b"\x0a\x24abc"
ENDLESS_GROUPS = b"\x1b" * 200
RUNAWAY_VARINT = b"\x08" + b"\xff" * 11
FIELD_NUMBER_ZERO = b"\x02\x01a"
UNREADABLE = [INVALID_UTF8, TRUNCATED, ENDLESS_GROUPS, RUNAWAY_VARINT, FIELD_NUMBER_ZERO]


@pytest.mark.parametrize("raw", UNREADABLE, ids=lambda raw: raw[:6].hex())
async def test_bytes_that_are_no_message_are_malformed(raw: bytes) -> None:
    async with open_door() as door:
        for token in ("user", "admin"):
            refusal = await door.refusal(GET_USER, raw, token=token)

            assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
            assert refusal.reason == "MALFORMED_REQUEST"
            assert refusal.message == "The request cannot be read."


async def test_bytes_that_are_no_message_tell_a_stranger_nothing() -> None:
    async with open_door() as door:
        anonymous = await door.refusal(GET_USER, INVALID_UTF8)
        denied = await door.refusal("UserService/ListUsers", TRUNCATED, token="user")
        login = await door.refusal("AuthService/Login", INVALID_UTF8)

    assert anonymous.reason == "TOKEN_MISSING"
    assert denied.reason == "PERMISSION_DENIED"
    assert login.reason == "MALFORMED_REQUEST"


async def test_nothing_of_the_parser_reaches_client_or_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_door() as door:
        refusal = await door.refusal("AuthService/Login", INVALID_UTF8)

    assert "UTF-8" not in repr(refusal)
    assert caplog.records == []
    assert [entry["reason"] for entry in door.log.entries] == ["MALFORMED_REQUEST"]


async def behave_like_get_user(door: Door) -> list[Message]:
    """Let GetUser note the requests that come through."""
    seen: list[Message] = []

    async def note(request: Message, _context: object) -> Message:
        seen.append(request)
        return user_service_pb2.GetUserResponse()

    door.behave[GET_USER] = note
    return seen


async def test_a_field_that_a_newer_client_knows_is_no_error() -> None:
    newer = user_service_pb2.GetUserRequest(user_id="me").SerializeToString() + b"\x9a\x06\x01x"
    async with open_door() as door:
        seen = await behave_like_get_user(door)
        await door.call(GET_USER, newer, token="user")

    assert [request.user_id for request in seen] == ["me"]  # type: ignore[attr-defined]


async def test_a_field_of_the_wrong_type_counts_as_absent() -> None:
    number_for_text = b"\x08\x2a"
    async with open_door() as door:
        refusal = await door.refusal(GET_USER, number_for_text, token="admin")

    assert refusal.reason == "VALIDATION_FAILED"


async def test_the_last_of_two_values_counts_for_access_and_for_the_servicer_alike() -> None:
    def field(text: str) -> bytes:
        return b"\x0a" + bytes([len(text)]) + text.encode()

    async with open_door() as door:
        seen = await behave_like_get_user(door)
        other = "019a2f60-2222-7aaa-8bbb-c0ffee000002"
        refusal = await door.refusal(GET_USER, field("me") + field(other), token="user")
        await door.call(GET_USER, field(other) + field(str(CALLER_ID)), token="user")

    assert refusal.reason == "PERMISSION_DENIED"
    assert [request.user_id for request in seen] == [str(CALLER_ID)]  # type: ignore[attr-defined]
