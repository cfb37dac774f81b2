"""What the contract's messages and enums show, and what they can never hold."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor

import pandora.user.v1
from pandora.options.v1 import access_pb2
from pandora.user.v1 import audit_pb2, error_reason_pb2, kyc_pb2, session_pb2, user_pb2

FILES = [
    importlib.import_module(f"pandora.user.v1.{module.name}").DESCRIPTOR
    for module in pkgutil.iter_modules(pandora.user.v1.__path__)
    if module.name.endswith("_pb2")
]


def _messages(descriptors: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for descriptor in descriptors:
        yield descriptor
        yield from _messages(descriptor.nested_types)


MESSAGES = {
    message.full_name: message
    for file in FILES
    for message in _messages(file.message_types_by_name.values())
}
ENUMS = {
    enum.full_name: enum
    for file in [*FILES, access_pb2.DESCRIPTOR]
    for enum in file.enum_types_by_name.values()
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=list(MESSAGES))
def test_no_resource_or_event_can_hold_a_secret(message: Descriptor) -> None:
    secret = {"hash", "token", "password", "secret", "digest", "key"}
    # AuditEvent.hash is the digest of a public row; a page token is a place in a list.
    harmless = {"pandora.user.v1.AuditEvent.hash"}
    door = "_service.proto"
    holders = [
        field.full_name
        for field in message.fields
        if secret & set(field.name.split("_")) and field.full_name not in harmless
    ]
    assert message.file.name.endswith(door) or holders == []


def test_user_and_session_show_what_was_promised() -> None:
    assert list(user_pb2.User.DESCRIPTOR.fields_by_name) == [
        "id",
        "email",
        "full_name",
        "role",
        "status",
        "kyc_status",
        "email_verified",
        "mfa_enabled",
        "created_at",
        "updated_at",
        "deleted_at",
    ]
    assert not any("token" in name for name in session_pb2.Session.DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize("enum", ENUMS.values(), ids=list(ENUMS))
def test_enum_values_can_be_shortened(enum: EnumDescriptor) -> None:
    prefix = "".join(
        f"_{letter}" if letter.isupper() else letter.upper() for letter in enum.name
    ).lstrip("_")
    names = {value.number: value.name for value in enum.values}
    assert names.pop(0) == f"{prefix}_UNSPECIFIED"
    shortened = {name.removeprefix(f"{prefix}_").lower() for name in names.values()}
    assert all(name.startswith(f"{prefix}_") for name in names.values())
    assert len(shortened) == len(names)


@pytest.mark.parametrize(
    ("enum", "short_names"),
    [
        (user_pb2.Role.DESCRIPTOR, {"user", "support", "compliance", "admin", "service"}),
        (user_pb2.UserStatus.DESCRIPTOR, {"active", "suspended", "deleted"}),
        (kyc_pb2.KycStatus.DESCRIPTOR, {"pending", "verified", "rejected"}),
        (audit_pb2.ActorType.DESCRIPTOR, {"user", "service", "system"}),
        (audit_pb2.AuditOutcome.DESCRIPTOR, {"success", "failure"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_enums_have_the_promised_values(enum: EnumDescriptor, short_names: set[str]) -> None:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    assert {
        value.name.removeprefix(prefix).lower() for value in enum.values if value.number
    } == short_names


def test_caller_roles_are_the_roles_of_accounts() -> None:
    roles = {value.name: value.number for value in user_pb2.Role.DESCRIPTOR.values}
    caller_roles = {
        value.name.removeprefix("CALLER_"): value.number
        for value in access_pb2.CallerRole.DESCRIPTOR.values
    }
    assert caller_roles == roles


REASONS = [
    "METHOD_NOT_ALLOWED",
    "PAYLOAD_TOO_LARGE",
    "HEADERS_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "VALIDATION_FAILED",
    "MALFORMED_REQUEST",
    "PASSWORD_TOO_WEAK",
    "IDEMPOTENCY_KEY_REUSED",
    "PAGE_TOKEN_INVALID",
    "ONE_TIME_TOKEN_INVALID",
    "INVALID_CREDENTIALS",
    "TOKEN_MISSING",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "SESSION_REVOKED",
    "REFRESH_TOKEN_INVALID",
    "REFRESH_TOKEN_REUSED",
    "MFA_CODE_INVALID",
    "PERMISSION_DENIED",
    "ACCOUNT_SUSPENDED",
    "RECENT_AUTHENTICATION_REQUIRED",
    "USER_NOT_FOUND",
    "SESSION_NOT_FOUND",
    "ROUTE_NOT_FOUND",
    "EMAIL_ALREADY_REGISTERED",
    "KYC_TRANSITION_NOT_ALLOWED",
    "KYC_REASON_REQUIRED",
    "LAST_ADMIN",
    "ALREADY_ENROLLED",
    "CONFLICT",
    "RATE_LIMITED",
    "LOGIN_THROTTLED",
    "SERVER_BUSY",
    "DEPENDENCY_UNAVAILABLE",
]


def test_error_reasons_are_the_promised_ones() -> None:
    names = {value.name for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values if value.number}
    assert names == {f"ERROR_REASON_{reason}" for reason in REASONS}
