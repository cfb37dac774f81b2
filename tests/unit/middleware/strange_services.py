"""Services that are in no contract, described while the tests run."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor, ServiceDescriptor

from pandora.options.v1 import access_pb2

_ACCESS: Any = access_pb2.access


def describe(
    package: str,
    *,
    rule: access_pb2.AccessRule | None,
    field: str = "user_id",
    field_type: int = FieldDescriptor.TYPE_STRING,
    answers_stream: bool = False,
    idempotency_level: descriptor_pb2.MethodOptions.IdempotencyLevel.ValueType | None = None,
) -> ServiceDescriptor:
    """Describe `{package}.Strange` with one method, `Do`, under an access rule (None: without)."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto",
        package=package,
        syntax="proto3",
        dependency=["pandora/options/v1/access.proto"],
    )
    request = file.message_type.add(name="DoRequest")
    request.field.add(
        name=field,
        number=1,
        type=descriptor_pb2.FieldDescriptorProto.Type.ValueType(field_type),
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    file.message_type.add(name="DoResponse").field.add(
        name="number",
        number=1,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    method = file.service.add(name="Strange").method.add(
        name="Do",
        input_type=f".{package}.DoRequest",
        output_type=f".{package}.DoResponse",
        server_streaming=answers_stream,
    )
    if rule is not None:
        method.options.Extensions[_ACCESS].CopyFrom(rule)
    if idempotency_level is not None:
        method.options.idempotency_level = idempotency_level
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    service: ServiceDescriptor = pool.FindServiceByName(f"{package}.Strange")
    return service
