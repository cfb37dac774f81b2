"""The rules of a field: which JSON Schema they make, and whether the field may be left out."""

from collections.abc import Mapping
from typing import cast

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor, OneofDescriptor

from buf.validate import validate_pb2
from buf.validate.validate_pb2 import FieldRules
from gateway.converters.enums import EnumReader
from gateway.openapi import number_rules, text_rules
from gateway.openapi.json_types import Schema

_NO_RULES = FieldRules()


def of_field(field: FieldDescriptor) -> FieldRules:
    """The rules that stand beside a field; empty where there are none, or none that count."""
    rules = _option(field.GetOptions(), validate_pb2.field)
    if not isinstance(rules, FieldRules) or rules.ignore == validate_pb2.IGNORE_ALWAYS:
        return _NO_RULES
    return rules


def needs_one(oneof: OneofDescriptor) -> bool:
    """Whether one member of a oneof has to be set."""
    rules = _option(oneof.GetOptions(), validate_pb2.oneof)
    return isinstance(rules, validate_pb2.OneofRules) and rules.required


def keywords(field: FieldDescriptor, rules: FieldRules) -> Schema:
    """What the rules add to the schema of one value of a field."""
    schema = _keywords(field, rules)
    if rules.required and not field.has_presence:
        _refuse_default(schema, field)
    if rules.cel or rules.cel_expression:
        said = [rule.message or rule.expression for rule in rules.cel]
        schema["x-rules"] = [*said, *rules.cel_expression]
    if schema and rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE and not field.has_presence:
        zero = field.default_value
        if field.enum_type is None:
            return {"anyOf": [{"const": zero}, schema]}
    return schema


def enum_values(enum: EnumDescriptor, rules: FieldRules) -> list[str]:
    """The names of an enum that a request may say."""
    reader = EnumReader(enum)
    allowed, refused = getattr(rules.enum, "in"), rules.enum.not_in
    return [
        name
        for name in reader.names
        if (not allowed or reader(name) in allowed)
        and reader(name) not in refused
        and (not rules.enum.HasField("const") or reader(name) == rules.enum.const)
    ]


def is_required(field: FieldDescriptor, rules: FieldRules) -> bool:
    """Whether a request without the field is refused: it says so, or its default breaks a rule."""
    if rules.required:
        return True
    if field.is_repeated:
        return bool(rules.repeated.min_items or rules.map.min_pairs)
    if field.has_presence or rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
        return False
    return _refuses_default(rules)


def _refuses_default(rules: FieldRules) -> bool:
    kind = rules.WhichOneof("type")
    if kind == "string":
        return text_rules.refuses_empty(rules.string)
    if kind == "bytes":
        return bool(rules.bytes.len or rules.bytes.min_len)
    if kind == "enum":
        allowed = getattr(rules.enum, "in")
        return 0 in rules.enum.not_in or bool(allowed and 0 not in allowed)
    if kind in number_rules.NAMES.values():
        return number_rules.refuses_zero(getattr(rules, kind))
    return rules.bool.const


def _refuse_default(schema: Schema, field: FieldDescriptor) -> None:
    """`required` of a field that knows no absence refuses its default."""
    if field.type == FieldDescriptor.TYPE_STRING:
        schema.setdefault("minLength", 1)
    elif field.type == FieldDescriptor.TYPE_BOOL:
        schema["const"] = True
    elif field.type in number_rules.NAMES:
        schema.setdefault("not", {"const": 0})


def _keywords(field: FieldDescriptor, rules: FieldRules) -> Schema:
    kind = rules.WhichOneof("type")
    if kind == "string":
        return text_rules.of_string(rules.string)
    if kind == "bytes":
        return text_rules.of_bytes(rules.bytes)
    if kind == "bool" and rules.bool.HasField("const"):
        return {"const": rules.bool.const}
    if field.type in number_rules.NAMES and kind == number_rules.NAMES[field.type]:
        return number_rules.of_number(getattr(rules, kind))
    return {}


def _option(options: object, extension: object) -> object:
    extensions = cast("Mapping[object, object]", getattr(options, "Extensions"))  # noqa: B009
    return extensions[extension]
