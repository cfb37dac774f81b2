"""protovalidate's rules for numbers, as JSON Schema."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.message import Message

from gateway.openapi.json_types import Schema

NAMES: Final[Mapping[int, str]] = {
    Field.TYPE_DOUBLE: "double",
    Field.TYPE_FLOAT: "float",
    Field.TYPE_INT32: "int32",
    Field.TYPE_INT64: "int64",
    Field.TYPE_UINT32: "uint32",
    Field.TYPE_UINT64: "uint64",
    Field.TYPE_SINT32: "sint32",
    Field.TYPE_SINT64: "sint64",
    Field.TYPE_FIXED32: "fixed32",
    Field.TYPE_FIXED64: "fixed64",
    Field.TYPE_SFIXED32: "sfixed32",
    Field.TYPE_SFIXED64: "sfixed64",
}
"""The name of a type's rules in FieldRules, by the number of the field's type."""

_LOWER: Final = {"gt": "exclusiveMinimum", "gte": "minimum"}
_UPPER: Final = {"lt": "exclusiveMaximum", "lte": "maximum"}


def of_number(rules: Message) -> Schema:
    """The keywords of a number's rules. A lower bound above the upper one means: not between."""
    lower, upper = _bound(rules, "greater_than", _LOWER), _bound(rules, "less_than", _UPPER)
    schema: Schema = {}
    if lower and upper and _value(lower) >= _value(upper):
        schema["anyOf"] = [lower, upper]
    else:
        schema |= {**lower, **upper}
    allowed, refused = _listed(rules)
    if allowed:
        schema["enum"] = allowed
    if refused:
        schema["not"] = {"enum": refused}
    if rules.HasField("const"):
        schema["const"] = getattr(rules, "const")  # noqa: B009 - unknown to Message's type
    return schema


def refuses_zero(rules: Message) -> bool:
    """Whether 0, which is what a field left out is, breaks a rule."""
    lower, upper = _bound(rules, "greater_than", _LOWER), _bound(rules, "less_than", _UPPER)
    below = bool(lower) and (_value(lower) > 0 or lower.get("exclusiveMinimum") == 0)
    above = bool(upper) and (_value(upper) < 0 or upper.get("exclusiveMaximum") == 0)
    between = bool(lower and upper) and _value(lower) >= _value(upper)
    allowed, refused = _listed(rules)
    return (
        ((below and above) if between else (below or above))
        or bool(allowed and 0 not in allowed)
        or 0 in refused
        or (rules.HasField("const") and bool(getattr(rules, "const")))  # noqa: B009
    )


def _listed(rules: Message) -> tuple[list[float], list[float]]:
    """What is allowed, and what is refused; empty where the rules list nothing."""
    fields = {field.name: value for field, value in rules.ListFields()}
    return list(fields.get("in", ())), list(fields.get("not_in", ()))


def _bound(rules: Message, oneof: str, keywords: Mapping[str, str]) -> dict[str, float]:
    name = rules.WhichOneof(oneof)
    return {keywords[name]: getattr(rules, name)} if name in keywords else {}


def _value(bound: Mapping[str, float]) -> float:
    return next(iter(bound.values()))
