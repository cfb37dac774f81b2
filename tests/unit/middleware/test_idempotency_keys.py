"""What an idempotency key is, and which methods take one."""

import grpc
import pytest
from google.protobuf.descriptor_pb2 import MethodOptions

from core.middleware.access_rule import AccessRuleInvalid
from core.middleware.idempotency_key import methods_with_keys
from pandora.options.v1 import access_pb2
from pandora.user.v1 import user_service_pb2 as users
from tests.unit.middleware.door import open_door
from tests.unit.middleware.keyed_calls import SUSPEND, Counted, refusal, reply, suspension
from tests.unit.middleware.requests import ABOUT_A_USER, OTHERS
from tests.unit.middleware.strange_services import describe

pytestmark = pytest.mark.asyncio

REFUSING = {
    "AuthService/Login",
    "AuthService/CompleteMfa",
    "AuthService/RefreshToken",
    "MfaService/EnrollTotp",
    "MfaService/ConfirmTotp",
}


async def test_quotes_are_the_headers_way_to_write_the_same_key() -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = Counted().suspend
        await reply(door, SUSPEND, suspension(), key='a"b\\c')
        assert (await reply(door, SUSPEND, suspension(), key='"a\\"b\\\\c"')).is_replayed


@pytest.mark.parametrize(
    "key", ["x", "!" * 255, '"' + "~" * 255 + '"', "8e03978e-40d5-43e8-bc93-6894a57f9324"]
)
async def test_keys_of_1_to_255_visible_characters_are_taken(key: str) -> None:
    async with open_door() as door:
        await reply(door, SUSPEND, suspension(), key=key)
        assert (await reply(door, SUSPEND, suspension(), key=key)).is_replayed


@pytest.mark.parametrize(
    "key",
    ["", "x" * 256, '"' + "x" * 256 + '"', "a b", '"a b"', '""', '"', '"a', '"a"b"', '"a\\b"',
     '"a";p=1', ["one", "two"], ["one", "one"]],
)  # fmt: skip
async def test_what_is_no_key_is_refused_by_its_name(key: str | list[str]) -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted()).suspend
        refused = await refusal(door, SUSPEND, suspension(), key=key)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "VALIDATION_FAILED",
        )
        assert refused.bad_request is not None
        (violation,) = refused.bad_request.field_violations
        assert (violation.field, violation.reason) == ("idempotency-key", "idempotency_key.form")
        assert counted.times == 0


@pytest.mark.parametrize("method", sorted(REFUSING))
async def test_what_answers_secrets_refuses_any_key_and_keeps_nothing(method: str) -> None:
    request = OTHERS[method]() if method in OTHERS else ABOUT_A_USER[method]("me")
    async with open_door() as door:
        refused = await refusal(door, method, request, token="user")
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "VALIDATION_FAILED",
        )
        assert refused.bad_request is not None
        (violation,) = refused.bad_request.field_violations
        assert (violation.field, violation.reason) == ("idempotency-key", "idempotency_key.refused")
        assert not door.database.tables.keyed_answers


async def test_what_changes_nothing_ignores_the_key_whatever_it_is() -> None:
    get = users.GetUserRequest(user_id="me")
    async with open_door() as door:
        for _ in range(2):
            answer = await reply(door, "UserService/GetUser", get, key=["a b", "c"])
            assert not answer.is_replayed
        assert door.database.steps == []


async def test_without_a_key_nothing_is_looked_up_or_kept() -> None:
    async with open_door() as door:
        await door.call(SUSPEND, suspension(), token="admin")
        assert door.database.steps == []


@pytest.mark.parametrize(
    ("level", "keys", "streams"),
    [
        (MethodOptions.NO_SIDE_EFFECTS, access_pb2.IDEMPOTENCY_KEYS_ACCEPTED, False),
        (MethodOptions.NO_SIDE_EFFECTS, access_pb2.IDEMPOTENCY_KEYS_REFUSED, False),
        (MethodOptions.IDEMPOTENT, access_pb2.IDEMPOTENCY_KEYS_ACCEPTED, True),
    ],
)
async def test_a_contract_that_contradicts_itself_stops_the_start(
    level: MethodOptions.IdempotencyLevel.ValueType,
    keys: access_pb2.IdempotencyKeys,
    *,
    streams: bool,
) -> None:
    package = f"contradicting.keys{level}{keys}"
    rule = access_pb2.AccessRule(anyone=True, idempotency_keys=keys)
    service = describe(package, rule=rule, answers_stream=streams, idempotency_level=level)
    with pytest.raises(AccessRuleInvalid):
        methods_with_keys([service])


async def test_an_rpc_that_changes_something_and_says_nothing_takes_no_key() -> None:
    level = MethodOptions.IDEMPOTENT
    service = describe(
        "silent.keys", rule=access_pb2.AccessRule(anyone=True), idempotency_level=level
    )
    assert methods_with_keys([service]) == {"silent.keys.Strange/Do": False}
