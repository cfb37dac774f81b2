"""A service made at run time, for what the contract's own services do not do yet.

Streams, bodies and answers that are one field, further bindings, nested path variables.
"""

from typing import Any, Final

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
    MethodOptions,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from pandora.options.v1 import access_pb2

PACKAGE: Final = "pandora.gateway_test.v1"
NAME: Final = f"{PACKAGE}.ThingService"
_FILE: Final = "pandora/gateway_test/v1/things.proto"


def service() -> ServiceDescriptor:
    """The service's descriptor, added to the pool at the first call."""
    pool = descriptor_pool.Default()
    try:
        pool.FindFileByName(_FILE)
    except KeyError:
        pool.AddSerializedFile(_file().SerializeToString())
    return pool.FindServiceByName(NAME)


def message_class(name: str) -> type[Message]:
    """The class of Thing, ThingRequest or ThingResponse."""
    service()
    return GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"{PACKAGE}.{name}"))


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name=_FILE, package=PACKAGE, syntax="proto3")
    file.dependency.append(annotations_pb2.DESCRIPTOR.name)
    file.dependency.append(access_pb2.DESCRIPTOR.name)
    _message(file, "Thing", id="string", size="int32", note="string")
    _message(file, "ThingRequest", thing=f".{PACKAGE}.Thing", count="int32", labels="string*")
    _message(file, "ThingResponse", thing=f".{PACKAGE}.Thing", number="int64")
    things = file.service.add(name="ThingService")
    export = _method(things.method.add(), "ExportThings", streams=True)
    _rule(export).MergeFrom(HttpRule(get="/v1/things:export", response_body="thing"))
    export.options.idempotency_level = MethodOptions.NO_SIDE_EFFECTS
    watch = _method(things.method.add(), "WatchThings", streams=True)
    _rule(watch).MergeFrom(HttpRule(get="/v1/things:watch"))
    put = _method(things.method.add(), "PutThing")
    _rule(put).MergeFrom(
        HttpRule(
            put="/v1/things/{thing.id}",
            body="*",
            additional_bindings=[
                HttpRule(post="/v1/things", body="thing", response_body="thing"),
                HttpRule(get="/v1/things/{thing.id}", response_body="number"),
                HttpRule(custom={"kind": "SEARCH", "path": "/v1/things"}),
            ],
        )
    )
    access: access_pb2.AccessRule = _extensions(put)[access_pb2.access]
    access.success_status = 202
    access.public_max_age_seconds = 60
    _method(things.method.add(), "HiddenThing")
    return file


def _message(file: FileDescriptorProto, name: str, **fields: str) -> DescriptorProto:
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields.items(), 1):
        scalar = kind.rstrip("*")
        added = message.field.add(name=field, number=number)
        added.label = (
            FieldDescriptorProto.LABEL_REPEATED
            if kind.endswith("*")
            else FieldDescriptorProto.LABEL_OPTIONAL
        )
        if kind.startswith("."):
            added.type = FieldDescriptorProto.TYPE_MESSAGE
            added.type_name = kind
        else:
            added.type = FieldDescriptorProto.Type.Value(f"TYPE_{scalar.upper()}")
    return message


def _method(
    method: MethodDescriptorProto, name: str, *, streams: bool = False
) -> MethodDescriptorProto:
    method.name = name
    method.input_type = f".{PACKAGE}.ThingRequest"
    method.output_type = f".{PACKAGE}.ThingResponse"
    method.server_streaming = streams
    return method


def _rule(method: MethodDescriptorProto) -> HttpRule:
    rule: HttpRule = _extensions(method)[annotations_pb2.http]
    return rule


def _extensions(method: MethodDescriptorProto) -> Any:  # noqa: ANN401
    """Generated extensions carry no type of their own."""
    return method.options.Extensions
