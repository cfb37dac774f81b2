"""What is sensitive needs a login of the last minutes, about oneself."""

import grpc
import pytest
from google.protobuf.message import Message

from core.domain.user import Role
from core.middleware.access_rule import AccessRuleInvalid, access_rules
from core.transport.services import SERVICES
from pandora.options.v1.access_pb2 import CALLER_ROLE_ADMIN, AccessRule
from tests.fakes.clock import START
from tests.unit.middleware.door import CALLER_ID, OTHER_ID, RECENT_SECONDS, Door, open_door
from tests.unit.middleware.requests import ABOUT_A_USER
from tests.unit.middleware.strange_services import describe
from tests.unit.promised_rpcs import PROMISES

pytestmark = pytest.mark.asyncio

SENSITIVE = [
    method for method in ABOUT_A_USER if PROMISES[method.replace("/", ".")].after_recent_login
]


async def reason(door: Door, method: str, request: Message, role: Role) -> str | None:
    """Return why a call is refused, or None."""
    try:
        await door.call(method, request, token=role)
    except grpc.aio.AioRpcError:
        return (await door.refusal(method, request, token=role)).reason
    return None


async def test_the_contract_names_what_is_sensitive() -> None:
    assert set(SENSITIVE) == {
        "UserService/ChangePassword",
        "UserService/DeleteUser",
        "MfaService/EnrollTotp",
        "MfaService/ConfirmTotp",
        "MfaService/DisableTotp",
    }


@pytest.mark.parametrize("method", SENSITIVE)
@pytest.mark.parametrize("target", ["me", str(CALLER_ID), str(CALLER_ID).upper()])
async def test_a_login_is_recent_for_ten_minutes(method: str, target: str) -> None:
    async with open_door() as door:
        request = ABOUT_A_USER[method](target)
        door.clock.advance(RECENT_SECONDS - 0.000001)
        assert await reason(door, method, request, Role.USER) is None
        door.clock.advance(0.000001)
        refusal = await door.refusal(method, request, token="user")

    assert refusal.reason == "RECENT_AUTHENTICATION_REQUIRED"
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("method", SENSITIVE)
async def test_a_caller_of_whom_no_login_is_known_has_none_of_the_last_minutes(method: str) -> None:
    async with open_door() as door:
        door.authenticator.authenticated_at = None
        refusal = await door.refusal(method, ABOUT_A_USER[method]("me"), token="user")

    assert refusal.reason == "RECENT_AUTHENTICATION_REQUIRED"


async def test_an_administrator_needs_none_for_somebody_else_but_for_themselves() -> None:
    async with open_door() as door:
        door.clock.advance(RECENT_SECONDS)
        delete = ABOUT_A_USER["UserService/DeleteUser"]
        other = await reason(door, "UserService/DeleteUser", delete(str(OTHER_ID)), Role.ADMIN)
        own = await reason(door, "UserService/DeleteUser", delete(str(CALLER_ID)), Role.ADMIN)

    assert (other, own) == (None, "RECENT_AUTHENTICATION_REQUIRED")


async def test_who_may_not_is_told_that_and_nothing_of_logins() -> None:
    async with open_door() as door:
        door.clock.advance(RECENT_SECONDS)
        seen = {
            method: await reason(door, method, ABOUT_A_USER[method](str(OTHER_ID)), Role.USER)
            for method in SENSITIVE
        }

    assert seen == dict.fromkeys(SENSITIVE, "PERMISSION_DENIED")


async def test_nothing_else_asks_for_a_recent_login() -> None:
    async with open_door() as door:
        door.clock.advance(10 * RECENT_SECONDS)
        seen = {
            await reason(door, method, about("me"), Role.ADMIN)
            for method, about in ABOUT_A_USER.items()
            if method not in SENSITIVE
        }

    assert seen <= {None, "PERMISSION_DENIED"}


async def test_a_clock_that_lags_behind_another_replicas_locks_nobody_out() -> None:
    async with open_door() as door:
        door.clock.advance(-5)
        assert door.authenticator.authenticated_at == START
        request = ABOUT_A_USER["MfaService/EnrollTotp"]("me")
        assert await reason(door, "MfaService/EnrollTotp", request, Role.USER) is None


async def test_the_rules_are_read_from_the_contract() -> None:
    rules = access_rules(SERVICES)
    marked = {method for method, rule in rules.items() if rule.recent_authentication}
    assert marked == {f"pandora.user.v1.{method}" for method in SENSITIVE}


@pytest.mark.parametrize(
    ("package", "rule"),
    [
        ("strange.hasty", AccessRule(anyone=True, recent_authentication=True)),
        (
            "strange.noself",
            AccessRule(roles=[CALLER_ROLE_ADMIN], never_self=True, recent_authentication=True),
        ),
    ],
)
async def test_a_rule_that_speaks_of_nobody_stops_the_start(package: str, rule: AccessRule) -> None:
    with pytest.raises(AccessRuleInvalid, match="recent_authentication"):
        access_rules([describe(package, rule=rule)])


async def test_a_rule_about_recent_logins_needs_a_request_that_names_a_user() -> None:
    rule = AccessRule(roles=[CALLER_ROLE_ADMIN], recent_authentication=True)
    with pytest.raises(AccessRuleInvalid, match="user_id"):
        access_rules([describe("strange.userless", rule=rule, field="id")])
