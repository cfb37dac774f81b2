"""Message types with rules that the contract does not use, made at run time."""

import itertools
from typing import Any, Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from buf.validate import validate_pb2
from buf.validate.validate_pb2 import FieldRules

PACKAGE: Final = "pandora.gateway_test.v1"
_NUMBERS: Final = itertools.count(1)


def message_with(kind: str, rules: FieldRules, *, many: bool = False) -> Descriptor:
    """A message whose one field `value`, of a scalar type, has these rules."""
    number = next(_NUMBERS)
    file = FileDescriptorProto(
        name=f"pandora/gateway_test/v1/ruled{number}.proto",
        package=PACKAGE,
        syntax="proto3",
        dependency=[validate_pb2.DESCRIPTOR.name],
    )
    field = file.message_type.add(name=f"Ruled{number}Request").field.add(name="value", number=1)
    field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    field.label = (
        FieldDescriptorProto.LABEL_REPEATED if many else FieldDescriptorProto.LABEL_OPTIONAL
    )
    _extensions(field)[validate_pb2.field].CopyFrom(rules)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName(f"{PACKAGE}.Ruled{number}Request")


def _extensions(field: FieldDescriptorProto) -> Any:  # noqa: ANN401
    """Generated extensions carry no type of their own."""
    return field.options.Extensions
