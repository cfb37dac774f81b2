"""The schemas of messages and enums, each once under its name in `components/schemas`."""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    OneofDescriptor,
)

from gateway.converters.enums import EnumReader
from gateway.openapi import field_rules
from gateway.openapi.comments import Comments
from gateway.openapi.fields import FieldSchemas
from gateway.openapi.json_types import Schema, Use, nullable

_REQUEST: Final = "Request"
_INPUT: Final = "Input"


class Messages:
    """Every schema that was asked for."""

    def __init__(self, comments: Comments) -> None:
        """Begin with none."""
        self._comments = comments
        self._fields = FieldSchemas(self.reference, self._enum)
        self.schemas: dict[str, Schema] = {}
        """By name; complete once everything was asked for."""

    def reference(
        self, message: Descriptor, use: Use, without: frozenset[str] = frozenset()
    ) -> Schema:
        """A reference to a message's schema, in a request less the fields that the path holds."""
        name = _name(message, use, without)
        if name not in self.schemas:
            self.schemas[name] = {}  # a type may hold itself
            self.schemas[name].update(self._object(message, use, without))
        return {"$ref": f"#/components/schemas/{name}"}

    def field(self, field: FieldDescriptor, use: Use) -> Schema:
        """The schema of a field with its comment."""
        schema = self._fields.of(field, use)
        owner = "" if field.containing_type is None else field.containing_type.full_name
        comment = self._comments.of(f"{owner}.{field.name}")
        return {**schema, "description": comment} if comment else schema

    def _object(self, message: Descriptor, use: Use, without: frozenset[str]) -> Schema:
        fields = [field for field in message.fields if field.name not in without]
        schema: Schema = {"type": "object"}
        if comment := self._comments.of(message.full_name):
            schema["description"] = comment
        required = [field.name for field in fields if _always_there(field, use)]
        schema["properties"] = {
            field.name: self._property(field, use, required=field.name in required)
            for field in fields
        }
        if required:
            schema["required"] = required
        if use is Use.BODY:
            schema["additionalProperties"] = False
            schema |= _one_of_each(message.oneofs)
        return schema

    def _property(self, field: FieldDescriptor, use: Use, *, required: bool) -> Schema:
        schema = self.field(field, use)
        if use is not Use.BODY or required:
            return schema
        description = schema.pop("description", None)
        schema = nullable(schema)
        return schema if description is None else {**schema, "description": description}

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.name not in self.schemas:
            self.schemas[enum.name] = self._enum_schema(enum)
        return {"$ref": f"#/components/schemas/{enum.name}"}

    def _enum_schema(self, enum: EnumDescriptor) -> Schema:
        reader = EnumReader(enum)
        names = {reader(name): name for name in reversed(reader.names)}
        comments = {
            names[value.number]: self._comments.of(f"{enum.full_name}.{value.name}")
            for value in enum.values
            if value.number in names
        }
        return {
            "type": "string",
            "description": described(self._comments.of(enum.full_name), comments),
            "enum": list(reader.names),
        }


def described(comment: str, values: Mapping[str, str]) -> str:
    """A comment, and below it a list of values with theirs (CommonMark)."""
    lines = [f"- `{name}`: {text}" for name, text in values.items() if text]
    return "\n\n".join(part for part in (comment, "\n".join(lines)) if part)


def _name(message: Descriptor, use: Use, without: frozenset[str]) -> str:
    """The message's own name; what differs by its use, or by what the path holds, says so."""
    if use is Use.ANSWER or message.name.endswith(_REQUEST):
        name = message.name
    else:
        name = message.name + _INPUT
    missing = "".join(f"Without_{field}" for field in sorted(without - {"user_id"}))
    return name + missing


def _always_there(field: FieldDescriptor, use: Use) -> bool:
    """Whether an answer always holds the field, or a request must.

    An answer leaves out what is `optional` in the proto or one of several (oneof). A message
    without the word could be unset as well, but the core sets it: that is what its lack says.
    """
    if use is Use.ANSWER:
        return field.containing_oneof is None
    return field_rules.is_required(field, field_rules.of_field(field))


def _one_of_each(oneofs: Iterable[OneofDescriptor]) -> Schema:
    """At most one member of each oneof, or exactly one; null counts as not given."""
    rules = [
        rule
        for oneof in oneofs
        if len(oneof.fields) > 1
        for rule in _exclusive([field.name for field in oneof.fields], field_rules.needs_one(oneof))
    ]
    return {"allOf": rules} if rules else {}


def _exclusive(names: list[str], needed: bool) -> list[Schema]:  # noqa: FBT001
    given = [
        {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names
    ]
    several: list[Schema] = [
        {"not": {"allOf": [first, second]}}
        for index, first in enumerate(given)
        for second in given[index + 1 :]
    ]
    return [*several, {"anyOf": given}] if needed else several
