"""Payloads of events: from the domain's records to the contract's messages, and to their JSON."""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from core.domain import events
from core.domain.kyc import KycStatus
from core.domain.session import RevocationCause
from core.domain.user import Role
from pandora.user.v1 import event_pb2

MESSAGES: Mapping[type[events.DomainEvent], type[Message]] = {
    events.UserCreated: event_pb2.UserCreated,
    events.UserUpdated: event_pb2.UserUpdated,
    events.UserDeleted: event_pb2.UserDeleted,
    events.UserRestored: event_pb2.UserRestored,
    events.UserRoleChanged: event_pb2.UserRoleChanged,
    events.UserSuspended: event_pb2.UserSuspended,
    events.UserReactivated: event_pb2.UserReactivated,
    events.UserKycUpdated: event_pb2.UserKycUpdated,
    events.SessionCreated: event_pb2.SessionCreated,
    events.SessionRevoked: event_pb2.SessionRevoked,
    events.RefreshTokenReuseDetected: event_pb2.RefreshTokenReused,
    events.UserEmailVerified: event_pb2.UserEmailVerified,
    events.UserPasswordChanged: event_pb2.UserPasswordChanged,
    events.LoginThrottled: event_pb2.LoginThrottled,
    events.NewDevice: event_pb2.NewDevice,
    events.MfaEnabled: event_pb2.MfaEnabled,
    events.MfaDisabled: event_pb2.MfaDisabled,
}
"""The message of every event. Record and message name their fields alike."""

_ENUM_PREFIXES: Mapping[type[Enum], str] = {
    KycStatus: "KYC_STATUS_",
    RevocationCause: "SESSION_REVOCATION_CAUSE_",
    Role: "ROLE_",
}


def encode(event: events.DomainEvent) -> dict[str, object]:
    """Return the payload as the stream carries it.

    Names are the proto's, enums are their short lower-case form, unset optional fields are left
    out and plain fields are always there.

    Raises:
        KeyError: the event, or an enum in it, has no counterpart in the contract.
        ValueError: the message has no such field, or no such enum value.
    """
    return to_json(to_message(event))


def to_message(event: events.DomainEvent) -> Message:
    """Return the contract's message for an event; errors as `encode`."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    given = {name: _wire_value(value) for name, value in values.items() if value is not None}
    return MESSAGES[type(event)](**given)


def to_json(message: Message) -> dict[str, object]:
    """Return a message as proto3 JSON with the contract's short enums, UNSPECIFIED left out."""
    document: dict[str, object] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for field in message.DESCRIPTOR.fields:
        name = document.get(field.name)
        if field.enum_type is None or not isinstance(name, str):
            continue
        zero = field.enum_type.values_by_number[0].name
        if name == zero:
            del document[field.name]
        else:
            document[field.name] = name.removeprefix(zero.removesuffix("UNSPECIFIED")).lower()
    return document


def _wire_value(value: object) -> object:
    """Return what a message's constructor takes: enums by their full name, ids as text."""
    if isinstance(value, Enum):
        return _ENUM_PREFIXES[type(value)] + value.name
    return str(value) if isinstance(value, UUID) else value
