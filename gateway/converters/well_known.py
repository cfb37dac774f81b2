"""The well-known types whose JSON is not an object of their fields."""

import math
from collections.abc import Mapping
from typing import Final

from google.protobuf import struct_pb2
from google.protobuf.descriptor import Descriptor

from gateway.converters import times
from gateway.converters.field_error import FieldError
from gateway.converters.scalars import Read, Write, read_string

_EXACT: Final = 2**53  # beyond this a double no longer tells neighbouring integers apart

UNSUPPORTED: Final = frozenset({"google.protobuf.Any", "google.protobuf.FieldMask"})
"""No field of the contract has these; a contract that gets one stops the start."""

WRAPPERS: Final = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
"""Messages of one scalar field `value`, written as that scalar."""


class UnsupportedTypeError(Exception):
    """A message type, named by its descriptor, has a JSON form that is not built here."""

    def __init__(self, descriptor: Descriptor) -> None:
        """Keep the type's full name."""
        super().__init__(f"{descriptor.full_name} has no JSON converter")
        self.full_name = descriptor.full_name


def read_struct(value: object) -> struct_pb2.Struct:
    """A JSON object of any content."""
    if not isinstance(value, dict):
        raise FieldError("type", "must be an object")
    struct = struct_pb2.Struct()
    for name, member in value.items():
        try:
            struct.fields[read_string(name)].CopyFrom(read_value(member))
        except FieldError as error:
            raise error.under(name) from None
    return struct


def read_list(value: object) -> struct_pb2.ListValue:
    """A JSON array of any content."""
    if not isinstance(value, list):
        raise FieldError("type", "must be an array")
    items = struct_pb2.ListValue()
    for index, member in enumerate(value):
        try:
            items.values.append(read_value(member))
        except FieldError as error:
            raise error.under(index) from None
    return items


def read_value(value: object) -> struct_pb2.Value:
    """Any JSON value; a number must fit into a double."""
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=_finite(value))
        case str():
            return struct_pb2.Value(string_value=read_string(value))
        case dict():
            return struct_pb2.Value(struct_value=read_struct(value))
        case _:
            return struct_pb2.Value(list_value=read_list(value))


def write_struct(value: struct_pb2.Struct) -> dict[str, object]:
    """A JSON object, its names sorted: a map has no order of its own, and answers should repeat."""
    return {name: write_value(value.fields[name]) for name in sorted(value.fields)}


def write_list(value: struct_pb2.ListValue) -> list[object]:
    """A JSON array."""
    return [write_value(member) for member in value.values]


def write_value(value: struct_pb2.Value) -> object:
    """Any JSON value; one whose kind is not set is null."""
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            return _shortest(value.number_value)
        case "struct_value":
            return write_struct(value.struct_value)
        case "list_value":
            return write_list(value.list_value)
        case _:
            return None


def _shortest(number: float) -> float:
    """A whole number without its `.0`, but for negative zero."""
    if not number.is_integer() or abs(number) >= _EXACT:
        return number
    return number if number == 0 and math.copysign(1, number) < 0 else int(number)


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise FieldError("range", "is too large for a double")
    return number


READERS: Final[Mapping[str, Read]] = {
    "google.protobuf.Timestamp": times.read_timestamp,
    "google.protobuf.Duration": times.read_duration,
    "google.protobuf.Struct": read_struct,
    "google.protobuf.ListValue": read_list,
    "google.protobuf.Value": read_value,
}
"""By the full name of the type."""

WRITERS: Final[Mapping[str, Write]] = {
    "google.protobuf.Timestamp": times.write_timestamp,
    "google.protobuf.Duration": times.write_duration,
    "google.protobuf.Struct": write_struct,
    "google.protobuf.ListValue": write_list,
    "google.protobuf.Value": write_value,
}
"""By the full name of the type."""

TEXT: Final = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration"})
"""Types that are one string, and so can stand in a query."""
