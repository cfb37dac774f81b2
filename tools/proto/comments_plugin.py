"""A protoc plugin that buf runs: the comments of the protos, for whoever describes the contract.

The descriptors in generated code carry no comments. For each directory of protos `comments.json`
maps full names to comments, with line breaks inside a paragraph undone. An enum's values are named
below their enum (`pandora.user.v1.Role.ROLE_USER`), unlike in protobuf, where they are its
neighbours.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)

NAME: Final = "comments.json"

Path = tuple[int, ...]
Named = Iterator[tuple[Path, str]]


def respond(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Return one file for each directory that holds a comment."""
    response = CodeGeneratorResponse(
        supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    wanted = set(request.file_to_generate)
    comments: dict[str, dict[str, str]] = {}
    for file in request.proto_file:
        if file.name in wanted:
            folder = str(PurePosixPath(file.name).parent)
            comments.setdefault(folder, {}).update(comments_of(file))
    for folder, found in comments.items():
        if found:
            content = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
            response.file.add(name=f"{folder}/{NAME}", content=content)
    return response


def comments_of(file: FileDescriptorProto) -> dict[str, str]:
    """Return the leading comment of everything that has a name and one, by full name."""
    names = dict(_names(file))
    return {
        names[tuple(location.path)]: text
        for location in file.source_code_info.location
        if tuple(location.path) in names
        and (text := unwrapped(location.leading_comments.splitlines()))
    }


def unwrapped(lines: Sequence[str]) -> str:
    """Join the lines of each paragraph; an empty line stays."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs if paragraph)


def _names(file: FileDescriptorProto) -> Named:
    """Every path of descriptor.proto's fields that leads to something named, with its full name."""
    fields = FileDescriptorProto.DESCRIPTOR.fields_by_name
    package = file.package
    for index, message in enumerate(file.message_type):
        yield from _message((fields["message_type"].number, index), package, message)
    for index, enum in enumerate(file.enum_type):
        yield from _enum((fields["enum_type"].number, index), package, enum)
    for index, service in enumerate(file.service):
        yield from _service((fields["service"].number, index), package, service)


def _message(path: Path, scope: str, message: DescriptorProto) -> Named:
    name = f"{scope}.{message.name}"
    fields = DescriptorProto.DESCRIPTOR.fields_by_name
    yield path, name
    for index, field in enumerate(message.field):
        yield (*path, fields["field"].number, index), f"{name}.{field.name}"
    for index, oneof in enumerate(message.oneof_decl):
        yield (*path, fields["oneof_decl"].number, index), f"{name}.{oneof.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _message((*path, fields["nested_type"].number, index), name, nested)
    for index, enum in enumerate(message.enum_type):
        yield from _enum((*path, fields["enum_type"].number, index), name, enum)


def _enum(path: Path, scope: str, enum: EnumDescriptorProto) -> Named:
    name = f"{scope}.{enum.name}"
    number = EnumDescriptorProto.DESCRIPTOR.fields_by_name["value"].number
    yield path, name
    for index, value in enumerate(enum.value):
        yield (*path, number, index), f"{name}.{value.name}"


def _service(path: Path, scope: str, service: ServiceDescriptorProto) -> Named:
    name = f"{scope}.{service.name}"
    number = ServiceDescriptorProto.DESCRIPTOR.fields_by_name["method"].number
    yield path, name
    for index, method in enumerate(service.method):
        yield (*path, number, index), f"{name}.{method.name}"


if __name__ == "__main__":
    sys.stdout.buffer.write(
        respond(CodeGeneratorRequest.FromString(sys.stdin.buffer.read())).SerializeToString()
    )
