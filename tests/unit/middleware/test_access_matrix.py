import grpc
import pytest
from google.protobuf.message import Message

from core.domain.user import Role
from core.transport.services import SERVICES
from tests.unit.middleware.door import CALLER_ID, OTHER_ID, Door, open_door
from tests.unit.middleware.requests import ABOUT_A_USER, OTHERS
from tests.unit.promised_rpcs import PROMISES

pytestmark = pytest.mark.asyncio

SPELLINGS_OF_ONESELF = ("me", str(CALLER_ID), str(CALLER_ID).upper())


def promised(method: str, role: Role, *, about_oneself: bool) -> bool:
    """Whether the contract's table lets this role make this call."""
    promise = PROMISES[method.replace("/", ".")]
    if "anyone" in promise.callers:
        return True
    if about_oneself and promise.never_on_oneself:
        return False
    return role in promise.callers or (about_oneself and "self" in promise.callers)


async def outcome(door: Door, method: str, request: Message, role: Role | None) -> str:
    try:
        await door.call(method, request, token=role)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


async def test_every_rpc_of_the_contract_is_in_the_tables() -> None:
    served = {f"{service.name}/{method.name}" for service in SERVICES for method in service.methods}

    assert served == {method.replace(".", "/") for method in PROMISES}
    assert served == ABOUT_A_USER.keys() | OTHERS.keys()


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_call_what_the_contract_says_and_nothing_else(role: Role) -> None:
    expected: dict[str, str] = {}
    seen: dict[str, str] = {}
    async with open_door() as door:
        for method, request in OTHERS.items():
            allowed = promised(method, role, about_oneself=False)
            expected[method] = "OK" if allowed else "PERMISSION_DENIED"
            seen[method] = await outcome(door, method, request(), role)
        for method, about in ABOUT_A_USER.items():
            for target in (*SPELLINGS_OF_ONESELF, str(OTHER_ID)):
                # A service is nobody's account: no id, and no `me`, is its own.
                about_oneself = target != str(OTHER_ID) and role is not Role.SERVICE
                allowed = promised(method, role, about_oneself=about_oneself)
                case = f"{method} {target}"
                expected[case] = "OK" if allowed else "PERMISSION_DENIED"
                seen[case] = await outcome(door, method, about(target), role)

    assert seen == expected


async def test_without_credentials_only_what_anyone_may_call_is_answered() -> None:
    async with open_door() as door:
        calls = {method: request() for method, request in OTHERS.items()}
        calls |= {method: about("me") for method, about in ABOUT_A_USER.items()}
        seen = {m: await outcome(door, m, request, None) for m, request in calls.items()}

    assert seen == {
        method: "OK"
        if "anyone" in PROMISES[method.replace("/", ".")].callers
        else "UNAUTHENTICATED"
        for method in calls
    }


async def test_what_anyone_may_call_never_asks_who_it_is() -> None:
    async with open_door() as door:
        await door.call("AuthService/Login", OTHERS["AuthService/Login"](), token="worthless")

        assert door.authenticator.asked == []


async def test_another_persons_id_is_refused_before_it_is_known_whether_it_exists() -> None:
    asked: list[object] = []
    async with open_door() as door:

        async def look_up(request: Message, _context: object) -> Message:
            asked.append(request)
            return request

        door.behave["UserService/GetUser"] = look_up
        refusal = await door.refusal(
            "UserService/GetUser", ABOUT_A_USER["UserService/GetUser"](str(OTHER_ID)), token="user"
        )

    assert refusal.reason == "PERMISSION_DENIED"
    assert asked == []


async def test_permission_is_checked_before_validation() -> None:
    async with open_door() as door:
        request = ABOUT_A_USER["UserService/GetUser"]("no id at all")

        denied = await door.refusal("UserService/GetUser", request, token="user")
        invalid = await door.refusal("UserService/GetUser", request, token="admin")
        anonymous = await door.refusal("UserService/GetUser", request)

    assert denied.reason == "PERMISSION_DENIED"
    assert invalid.reason == "VALIDATION_FAILED"
    assert anonymous.reason == "TOKEN_MISSING"


@pytest.mark.parametrize("disguise", ["{%s}", "urn:uuid:%s", " %s", "%s\n"])
async def test_no_disguise_of_ones_own_id_passes_where_oneself_is_refused(disguise: str) -> None:
    async with open_door() as door:
        request = ABOUT_A_USER["UserService/SuspendUser"](disguise % CALLER_ID)

        refusal = await door.refusal("UserService/SuspendUser", request, token="admin")

    assert refusal.reason == "VALIDATION_FAILED"
