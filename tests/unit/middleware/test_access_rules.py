from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor

from core.domain.user import Role
from core.middleware.access_rule import AccessRuleInvalid, access_rules
from core.transport.services import SERVICES
from pandora.options.v1.access_pb2 import (
    CALLER_ROLE_ADMIN,
    CALLER_ROLE_UNSPECIFIED,
    AccessRule,
)
from tests.unit.middleware.door import open_door
from tests.unit.middleware.strange_services import describe

pytestmark = pytest.mark.asyncio

EVERYONE = [None, *Role]


async def test_every_method_of_the_contract_has_a_rule_that_names_somebody() -> None:
    rules = access_rules(SERVICES)

    methods = {f"{s.full_name}/{method.name}" for s in SERVICES for method in s.methods}
    assert rules.keys() == methods
    assert all(rule.anyone or rule.roles or rule.self_allowed for rule in rules.values())


@pytest.mark.parametrize(
    ("package", "rule"), [("strange.ruleless", None), ("strange.empty", AccessRule())]
)
async def test_a_method_without_a_rule_or_with_an_empty_one_is_refused_for_everyone(
    package: str, rule: AccessRule | None
) -> None:
    service = describe(package, rule=rule)
    async with open_door(services=[service]) as door:
        refusals = [await door.refusal(f"{package}.Strange/Do", token=role) for role in EVERYONE]

    assert refusals[0].reason == ("PERMISSION_DENIED" if rule is None else "TOKEN_MISSING")
    assert {refusal.reason for refusal in refusals[1:]} == {"PERMISSION_DENIED"}


async def test_a_service_that_the_pipeline_was_not_told_of_is_refused_for_everyone() -> None:
    async def answer(_request: bytes, _context: object) -> bytes:
        return b"secret"

    handler: Any = grpc.unary_unary_rpc_method_handler(answer)
    stowaway = grpc.method_handlers_generic_handler("stow.Away", {"Do": handler})
    async with open_door(extra=[stowaway]) as door:
        refusals = [await door.refusal("stow.Away/Do", token=role) for role in EVERYONE]

    assert {refusal.reason for refusal in refusals} == {"PERMISSION_DENIED"}


@pytest.mark.parametrize(
    ("package", "rule"),
    [
        ("strange.nobody", AccessRule(roles=[CALLER_ROLE_UNSPECIFIED])),
        ("strange.future", AccessRule(roles=[99])),  # type: ignore[list-item]
        ("strange.torn", AccessRule(anyone=True, roles=[CALLER_ROLE_ADMIN])),
        ("strange.both", AccessRule(self=True, never_self=True)),
    ],
)
async def test_a_rule_that_makes_no_sense_stops_the_start(package: str, rule: AccessRule) -> None:
    service = describe(package, rule=rule)

    with pytest.raises(AccessRuleInvalid, match=r"\.Strange\.Do"):
        access_rules([service])


@pytest.mark.parametrize(
    ("package", "field", "field_type"),
    [
        ("strange.targetless", "id", FieldDescriptor.TYPE_STRING),
        ("strange.numbered", "user_id", FieldDescriptor.TYPE_INT64),
    ],
)
async def test_a_rule_about_oneself_needs_a_request_that_names_a_user(
    package: str, field: str, field_type: int
) -> None:
    service = describe(package, rule=AccessRule(self=True), field=field, field_type=field_type)

    with pytest.raises(AccessRuleInvalid, match="user_id"):
        access_rules([service])
