import pytest

from core.middleware.origin import TrustedPeers
from core.transport.library_log import keep_headers_out_of_the_log
from tests.unit.middleware.door import Door, open_door
from tests.unit.middleware.raw_http2 import post
from tests.unit.middleware.requests import ABOUT_A_USER

pytestmark = pytest.mark.asyncio

GET_JWKS = "/pandora.user.v1.AuthService/GetJwks"
GET_USER = "/pandora.user.v1.UserService/GetUser"
ME = ABOUT_A_USER["UserService/GetUser"]("me").SerializeToString()


def still_serves(door: Door) -> bool:
    return bool(door.log.entries[-1]["code"] == "OK")


@pytest.mark.parametrize(
    "value",
    [b"a\nb", b"a\r\nset-cookie: b", b"a\x00b", b"a\xffb", b"a b", "ä".encode(), b"", b"x" * 129],
    ids=lambda value: repr(value[:12]),
)
async def test_a_request_id_that_is_not_visible_ascii_is_replaced(value: bytes) -> None:
    async with open_door() as door:
        answer = await post(door.address, GET_JWKS, [(b"x-request-id", value)])

        request_id = door.log.entries[-1]["request_id"]
        assert still_serves(door)
    assert len(request_id) == 36
    assert b"x-request-id$" + request_id.encode() in answer
    if value:
        assert value not in answer


async def test_two_request_ids_are_replaced_by_one() -> None:
    async with open_door() as door:
        await post(door.address, GET_JWKS, [(b"x-request-id", b"one"), (b"x-request-id", b"two")])

    assert len(door.log.entries[-1]["request_id"]) == 36


@pytest.mark.parametrize(
    "value",
    [b"Bearer \xff\xfe", "Bearer üser".encode(), b"Bearer user\x00", b"Bearer user\nadmin"],
    ids=repr,
)
async def test_an_authorization_that_is_not_ascii_is_refused_and_never_logged(
    value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    keep_headers_out_of_the_log()
    async with open_door() as door:
        answer = await post(door.address, GET_USER, [(b"authorization", value)], ME)

        assert door.authenticator.asked == []
    assert [entry["reason"] for entry in door.log.entries] == ["TOKEN_INVALID"]
    assert b"grpc-status\x0216" in answer
    assert caplog.records == []


@pytest.mark.parametrize(
    "header",
    [
        (b"bad name", b"x"),
        (b"X-UPPER", b"x"),
        (b"broken-bin", b"!!!"),
        (b"grpc-timeout", b"banana"),
        (b"grpc-encoding", b"nonsense"),
        (b"traceparent", b"00-zz-zz-zz"),
        (b"tracestate", b"\xff=\xff"),
        (b"user-agent", b"\x00\x1b[31m\r\n"),
        (b"x-client-address", b"1.2.3.4\r\nx: y"),
        (b"data-bin", b"AAEC"),
    ],
    ids=repr,
)
async def test_no_header_stops_the_server(header: tuple[bytes, bytes]) -> None:
    async with open_door(trusted_peers=TrustedPeers.parse(["127.0.0.0/8"])) as door:
        await post(door.address, GET_JWKS, [header])
        await post(door.address, GET_JWKS, [(b"x-request-id", b"afterwards")])

    assert still_serves(door)
    assert door.log.entries[-1]["request_id"] == "afterwards"
    assert "call.failed" not in {entry["event"] for entry in door.log.entries}
