import pytest
from google.protobuf.message import Message

from pandora.user.v1 import (
    audit_service_pb2,
    auth_service_pb2,
    kyc_service_pb2,
    user_service_pb2,
)
from tests.unit.middleware.door import open_door

pytestmark = pytest.mark.asyncio

ID = "019a2f60-4444-7aaa-8bbb-c0ffee000004"


@pytest.mark.parametrize(
    ("method", "request_", "field", "rule"),
    [
        (
            "UserService/GetUser",
            user_service_pb2.GetUserRequest(user_id="x" * 36),
            "user_id",
            "string.pattern",
        ),
        (
            "UserService/ListUsers",
            user_service_pb2.ListUsersRequest(page_size=-1),
            "page_size",
            "int32.gte",
        ),
        (
            "UserService/SetUserRole",
            user_service_pb2.SetUserRoleRequest(user_id=ID),
            "role",
            "enum.not_in",
        ),
        (
            "UserService/SetUserRole",
            user_service_pb2.SetUserRoleRequest(user_id=ID, role=5),  # type: ignore[arg-type]
            "role",
            "enum.not_in",
        ),
        (
            "UserService/SetUserRole",
            user_service_pb2.SetUserRoleRequest(user_id=ID, role=77),  # type: ignore[arg-type]
            "role",
            "enum.defined_only",
        ),
        (
            "KycService/UpdateKyc",
            kyc_service_pb2.UpdateKycRequest(user_id=ID, status=1, reason="a\0b"),  # type: ignore[arg-type]
            "reason",
            "string.pattern",
        ),
        (
            "UserService/BatchGetUsers",
            user_service_pb2.BatchGetUsersRequest(user_ids=[ID, "no-id"]),
            "user_ids[1]",
            "string.uuid",
        ),
        (
            "UserService/BatchGetUsers",
            user_service_pb2.BatchGetUsersRequest(user_ids=[ID] * 1001),
            "user_ids",
            "repeated.max_items",
        ),
        (
            "AuditService/ListAuditEvents",
            audit_service_pb2.ListAuditEventsRequest(user_id="me"),
            "user_id",
            "string.uuid",
        ),
        (
            "AuthService/Register",
            auth_service_pb2.RegisterRequest(email="a@b.example", password="p" * 129),
            "password",
            "string.max_len",
        ),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named_with_the_rule(
    method: str, request_: Message, field: str, rule: str
) -> None:
    async with open_door() as door:
        refusal = await door.refusal(method, request_, token="admin")

    assert refusal.reason == "VALIDATION_FAILED"
    assert refusal.bad_request is not None
    (violation,) = refusal.bad_request.field_violations
    assert (violation.field, violation.reason) == (field, rule)
    assert violation.description


async def test_every_violation_is_named_and_no_value_is_repeated() -> None:
    request = auth_service_pb2.RegisterRequest(
        email="secret-address", password="", full_name="secret\x07name"
    )
    async with open_door() as door:
        refusal = await door.refusal("AuthService/Register", request)

    assert refusal.bad_request is not None
    fields = [violation.field for violation in refusal.bad_request.field_violations]
    assert fields == ["email", "password", "full_name"]
    assert "secret" not in repr(refusal)


async def test_a_thousand_violations_are_answered_with_the_first_few() -> None:
    request = user_service_pb2.BatchGetUsersRequest(user_ids=["no-id"] * 1000)
    async with open_door() as door:
        refusal = await door.refusal("UserService/BatchGetUsers", request, token="service")

    assert refusal.reason == "VALIDATION_FAILED"
    assert refusal.bad_request is not None
    assert len(refusal.bad_request.field_violations) == 20


async def test_a_valid_request_of_the_greatest_size_passes() -> None:
    request = user_service_pb2.BatchGetUsersRequest(user_ids=[ID] * 1000)
    async with open_door() as door:
        await door.call("UserService/BatchGetUsers", request, token="service")

    assert door.log.entries[-1]["code"] == "OK"
