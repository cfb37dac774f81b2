"""A message type with a field of every kind, made at run time: the contract has no such thing."""

from typing import Final, cast

from google.protobuf import (
    descriptor_pool,
    duration_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

PACKAGE: Final = "pandora.gateway_test.v1"
FILE: Final = "pandora/gateway_test/v1/everything.proto"
SCALARS: Final = (
    *("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes"),
)
WRAPPERS: Final = (
    "Double",
    "Float",
    "Int64",
    "UInt64",
    "Int32",
    "UInt32",
    "Bool",
    "String",
    "Bytes",
)
KEYS: Final = ("string", "int32", "uint64", "bool")


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name=FILE, package=PACKAGE, syntax="proto3")
    for module in (timestamp_pb2, duration_pb2, struct_pb2, wrappers_pb2):
        file.dependency.append(module.DESCRIPTOR.name)
    colour = file.enum_type.add(name="PaintColour")
    for number, name in enumerate(("UNSPECIFIED", "RED", "DEEP_BLUE")):
        colour.value.add(name=f"PAINT_COLOUR_{name}", number=number)
    message = file.message_type.add(name="Everything")
    for scalar in SCALARS:
        _add(message, f"plain_{scalar}", scalar)
        _add(message, f"optional_{scalar}", scalar, optional=True)
        _add(message, f"many_{scalar}", scalar, many=True)
    colour_type = f".{PACKAGE}.PaintColour"
    _add(message, "plain_colour", "enum", colour_type)
    _add(message, "optional_colour", "enum", colour_type, optional=True)
    _add(message, "many_colour", "enum", colour_type, many=True)
    for name in ("Timestamp", "Duration", "Struct", "Value", "ListValue"):
        _add(message, f"known_{name.lower()}", "message", f".google.protobuf.{name}")
    for name in WRAPPERS:
        _add(message, f"wrapped_{name.lower()}", "message", f".google.protobuf.{name}Value")
    _add(message, "child", "message", f".{PACKAGE}.Everything")
    _add(message, "children", "message", f".{PACKAGE}.Everything", many=True)
    message.oneof_decl.add(name="choice")
    for scalar in ("string", "int32"):
        _add(message, f"chosen_{scalar}", scalar).oneof_index = 0
    for key in KEYS:
        _add_map(message, f"{key}_to_string", key, "string", "")
    _add_map(message, "string_to_child", "string", "message", f".{PACKAGE}.Everything")
    _add_map(message, "string_to_colour", "string", "enum", colour_type)
    _give_optional_fields_their_oneof(message)
    return file


def _add(
    message: DescriptorProto,
    name: str,
    kind: str,
    type_name: str = "",
    *,
    optional: bool = False,
    many: bool = False,
) -> FieldDescriptorProto:
    return message.field.add(
        name=name,
        number=len(message.field) + 1,
        type=FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}"),
        type_name=type_name or None,
        proto3_optional=optional,
        label=FieldDescriptorProto.LABEL_REPEATED if many else FieldDescriptorProto.LABEL_OPTIONAL,
    )


def _add_map(message: DescriptorProto, name: str, key: str, kind: str, type_name: str) -> None:
    entry_name = "".join(part.capitalize() for part in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add(entry, "key", key)
    _add(entry, "value", kind, type_name)
    _add(message, name, "message", f".{PACKAGE}.{message.name}.{entry_name}", many=True)


def _give_optional_fields_their_oneof(message: DescriptorProto) -> None:
    """As the compiler does for `optional` in proto3."""
    for field in message.field:
        if field.proto3_optional:
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{field.name}")


def descriptor() -> Descriptor:
    """The descriptor of Everything, added to the pool at the first call."""
    pool = descriptor_pool.Default()
    try:
        pool.FindFileByName(FILE)
    except KeyError:
        pool.AddSerializedFile(_file().SerializeToString())
    return pool.FindMessageTypeByName(f"{PACKAGE}.Everything")


def message_class() -> type[Message]:
    """The class of Everything."""
    return GetMessageClass(descriptor())


def descriptor_of(message: type[Message]) -> Descriptor:
    """A generated class's descriptor, by the type that the gateway knows it by."""
    return cast("Descriptor", message.DESCRIPTOR)
