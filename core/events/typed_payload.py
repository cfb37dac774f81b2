"""Payloads of events that we read: from their JSON to the contract's messages."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from protovalidate import Validator

M = TypeVar("M", bound=Message)


class PayloadInvalid(Exception):
    """A payload breaks its message's rules. The text names the field, never its value."""


def read_payload(message_type: type[M], payload: Mapping[str, object], validator: Validator) -> M:
    """Return the message; enums come in their short lower-case form, unknown fields are ignored.

    Raises:
        PayloadInvalid: a field has another kind of value, or breaks a rule of the contract.
    """
    known = {
        field.name: payload[field.name]
        if field.enum_type is None
        else _enum(field.name, [one.name for one in field.enum_type.values], payload[field.name])
        for field in message_type.DESCRIPTOR.fields
        if field.name in payload
    }
    message = message_type()
    try:
        ParseDict(known, message, ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, RecursionError):
        # The parser's words quote the value.
        raise PayloadInvalid("payload does not fit its message") from None
    if violations := validator.collect_violations(message):
        proto = violations[0].proto
        names = () if proto.field is None else (one.field_name for one in proto.field.elements)
        raise PayloadInvalid(f"{'.'.join(('payload', *names))} breaks {proto.rule_id}")
    return message


def _enum(field: str, names: Sequence[str], given: object) -> str:
    """Return what proto3 JSON calls an enum's value; the zero is nobody's to send."""
    prefix = names[0].removesuffix("UNSPECIFIED")
    if isinstance(given, str) and given.islower():
        name = prefix + given.upper()
        if name in names[1:]:
            return name
    raise PayloadInvalid(f"payload.{field} is no value of its kind")
