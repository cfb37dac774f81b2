"""How often a client may call, through the door."""

from typing import Any

import grpc
import pytest

from core.domain.rate_limit import Allowance, Rate, RateClass
from core.domain.user import Role
from core.middleware.origin import TrustedPeers
from core.middleware.rate_limit import RateParts, rate_classes
from core.transport.services import SERVICES
from pandora.options.v1 import access_pb2
from pandora.user.v1 import auth_service_pb2 as auth
from pandora.user.v1 import user_service_pb2 as users
from tests.fakes.clock import FakeClock
from tests.fakes.rates import rates
from tests.unit.middleware.door import CALLER_ID, Door, open_door
from tests.unit.middleware.strange_services import describe

pytestmark = pytest.mark.asyncio

_ACCESS: Any = access_pb2.access

TWO = Rate(calls=2, window_seconds=120)
LOOPBACK = TrustedPeers.parse(["127.0.0.0/8"])
LOGIN = "AuthService/Login"
RESET = "AuthService/RequestPasswordReset"
GET_USER = "UserService/GetUser"
ME = users.GetUserRequest(user_id="me")


def an_address(text: str) -> tuple[tuple[str, str], ...]:
    return (("x-client-address", text),)


def login(email: str = "ada@example.com") -> auth.LoginRequest:
    return auth.LoginRequest(email=email, password="x" * 15)


async def calls(
    door: Door,
    method: str,
    request: auth.LoginRequest | auth.RequestPasswordResetRequest | users.GetUserRequest,
    *addresses: str,
    token: str | None = None,
) -> list[bool]:
    """Call from each address in turn; tell which calls were allowed."""
    allowed = []
    for address in addresses:
        try:
            await door.call(method, request, token=token, metadata=an_address(address))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            allowed.append(False)
        else:
            allowed.append(True)
    return allowed


async def test_one_call_too_many_is_refused_and_told_when_to_come_again() -> None:
    clock = FakeClock()
    parts = rates({RateClass.LOGIN: TWO}, seconds=lambda: clock.now().timestamp())
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        assert await calls(door, LOGIN, login(), *["192.0.2.1"] * 2) == [True, True]
        refusal = await door.refusal(LOGIN, login(), metadata=an_address("192.0.2.1"))
        assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refusal.reason == "RATE_LIMITED"
        assert refusal.retry is not None
        assert refusal.retry.retry_delay.seconds == 60
        clock.advance(61)
        assert await calls(door, LOGIN, login(), "192.0.2.1", "192.0.2.1") == [True, False]


async def test_the_client_is_told_where_it_stands() -> None:
    parts = rates({RateClass.LOGIN: TWO}, seconds=lambda: 0.0)
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        call = door.channel.unary_unary("/pandora.user.v1.AuthService/Login")(
            login().SerializeToString(), metadata=an_address("192.0.2.1")
        )
        await call
        told = dict(await call.trailing_metadata())
        await calls(door, LOGIN, login(), "192.0.2.1")
        refusal = await door.refusal(LOGIN, login(), metadata=an_address("192.0.2.1"))
    assert told["ratelimit-policy"] == '"login";q=2;w=120'
    assert told["ratelimit"] == '"login";r=1;t=60'
    assert told["x-request-id"]
    assert refusal.metadata["ratelimit"] == '"login";r=0;t=120'


async def test_clients_are_told_apart_by_address_and_ipv6_by_its_64() -> None:
    async with open_door(trusted_peers=LOOPBACK, rates=rates({RateClass.LOGIN: TWO})) as door:
        assert await calls(door, LOGIN, login(), *["192.0.2.1"] * 3) == [True, True, False]
        assert await calls(door, LOGIN, login(), "192.0.2.2", "::ffff:192.0.2.1") == [True, False]
        one_client = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"]
        assert await calls(door, LOGIN, login(), *one_client) == [True, True, False]
        assert await calls(door, LOGIN, login(), "2001:db8:0:1::1") == [True]


async def test_kinds_of_calls_are_counted_apart() -> None:
    parts = rates({RateClass.LOGIN: TWO, RateClass.RECOVERY: TWO})
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        assert await calls(door, LOGIN, login(), *["192.0.2.1"] * 3) == [True, True, False]
        reset = auth.RequestPasswordResetRequest(email="ada@example.com")
        assert await calls(door, RESET, reset, *["192.0.2.1"] * 3) == [True, True, False]


async def test_people_are_counted_by_themselves_wherever_they_are() -> None:
    async with open_door(trusted_peers=LOOPBACK, rates=rates({RateClass.READ: TWO})) as door:
        places = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        assert await calls(door, GET_USER, ME, *places, token="user") == [True, True, False]
        assert not any(await calls(door, GET_USER, ME, *places, token="admin"))  # the same person


async def test_services_have_a_limit_of_their_own() -> None:
    parts = rates({RateClass.READ: TWO}, service=Rate(calls=5, window_seconds=500))
    request = users.GetUserRequest(user_id=str(CALLER_ID))
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        allowed = await calls(door, GET_USER, request, *["192.0.2.1"] * 6, token=Role.SERVICE)
    assert allowed == [True] * 5 + [False]


async def test_one_mailbox_gets_so_much_mail_whoever_asks_and_whoever_has_it() -> None:
    async with open_door(trusted_peers=LOOPBACK, rates=rates({}, mailbox=TWO)) as door:
        for name in ("ada", "nobody"):
            requests = [
                f"{name}@example.com",
                f" {name.upper()}@Example.com ",
                f"{name}@EXAMPLE.com",
            ]
            allowed = [
                await calls(
                    door,
                    RESET,
                    auth.RequestPasswordResetRequest(email=email),
                    f"192.0.2.{number}",
                )
                for number, email in enumerate(requests)
            ]
            assert allowed == [[True], [True], [False]]
        other = auth.RequestPasswordResetRequest(email="bob@example.com")
        assert await calls(door, RESET, other, "192.0.2.1") == [True]


async def test_a_login_is_not_counted_by_mailbox_for_strangers_could_shut_its_owner_out() -> None:
    async with open_door(trusted_peers=LOOPBACK, rates=rates({}, mailbox=TWO)) as door:
        assert all(await calls(door, LOGIN, login(), *["192.0.2.1"] * 5))


async def test_exempt_networks_are_not_counted() -> None:
    parts = rates({RateClass.LOGIN: TWO}, exempt=("192.0.2.0/24", "2001:db8::/32"))
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        assert all(await calls(door, LOGIN, login(), *["192.0.2.1", "2001:db8::1"] * 5))
        assert await calls(door, LOGIN, login(), *["198.51.100.1"] * 3) == [True, True, False]


async def test_a_refused_call_does_no_work_and_a_stranger_is_not_counted_as_somebody() -> None:
    async with open_door(trusted_peers=LOOPBACK, rates=rates({RateClass.LOGIN: TWO})) as door:
        worked = []

        async def work(request: object, _context: object) -> object:
            worked.append(request)
            return auth.LoginResponse()

        door.behave[LOGIN] = work
        await calls(door, LOGIN, login(), *["192.0.2.1"] * 10)
        assert len(worked) == 2


async def test_an_unreadable_request_counts_as_well() -> None:
    parts = rates({RateClass.RECOVERY: TWO})
    async with open_door(trusted_peers=LOOPBACK, rates=parts) as door:
        reasons = [
            (await door.refusal(RESET, b"\xff\xff", metadata=an_address("192.0.2.1"))).reason
            for _ in range(3)
        ]
    assert reasons == ["MALFORMED_REQUEST", "MALFORMED_REQUEST", "RATE_LIMITED"]


async def test_what_redis_keeps_names_neither_address_nor_mailbox() -> None:
    kept: list[str] = []
    parts: RateParts = rates({})

    class Listening:
        async def take(self, key: str, rate: Rate) -> Allowance:
            kept.append(key)
            return await parts.local.take(key, rate)

    listening = RateParts(
        table=parts.table,
        shared=Listening(),
        local=parts.local,
        digests=parts.digests,
    )
    async with open_door(trusted_peers=LOOPBACK, rates=listening) as door:
        reset = auth.RequestPasswordResetRequest(email="ada@example.com")
        await calls(door, RESET, reset, "192.0.2.1")
    assert len(kept) == 2
    assert not any("192.0.2.1" in key or "ada" in key for key in kept)


async def test_what_the_contract_says_nothing_of_is_limited_like_a_change() -> None:
    without = describe("strange.unlimited", rule=access_pb2.AccessRule(anyone=True))
    unruled = describe("strange.unruled", rule=None)
    assert set(rate_classes([without, unruled]).values()) == {RateClass.WRITE}


async def test_the_contract_says_it_of_every_rpc() -> None:
    silent = [
        method.full_name
        for service in SERVICES
        for method in service.methods
        if not method.GetOptions().Extensions[_ACCESS].rate_class
    ]
    assert silent == []


async def test_what_guesses_or_sends_mail_is_limited_in_all_processes_together() -> None:
    names = {name.rpartition("/")[2]: kind for name, kind in rate_classes(SERVICES).items()}
    assert names["Login"] is names["CompleteMfa"] is RateClass.LOGIN
    assert names["Register"] is RateClass.REGISTRATION
    recoveries = ("RequestPasswordReset", "ResetPassword", "RequestEmailVerification")
    assert {names[name] for name in recoveries} == {RateClass.RECOVERY}
    assert names["RefreshToken"] is RateClass.TOKEN
    assert names["GetUser"] is RateClass.READ
    assert names["UpdateKyc"] is RateClass.WRITE
