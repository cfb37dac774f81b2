"""Examples of requests and answers; each is valid by the schema that it stands beside."""

from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from buf.validate.validate_pb2 import FieldRules
from gateway.converters import well_known
from gateway.converters.enums import EnumReader
from gateway.openapi import example_values, field_rules
from gateway.openapi.example_values import LEFT_OUT, VALUES
from gateway.openapi.json_types import Use

NONE: Final = object()
"""Says that no example is known."""

_NUMBERS: Final = frozenset(
    {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}
    | {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32}
)
_LONG: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})
_KNOWN: Final = {
    "google.protobuf.Timestamp": example_values.TIME,
    "google.protobuf.Duration": "1.5s",
    "google.protobuf.Struct": {},
    "google.protobuf.ListValue": [],
    "google.protobuf.Value": {},
}
_FILLER: Final = "text "


def of_message(
    message: Descriptor,
    use: Use,
    without: frozenset[str] = frozenset(),
    parents: frozenset[str] = frozenset(),
) -> dict[str, object] | None:
    """An example of a message's JSON; None where a field that must be there has none."""
    example: dict[str, object] = {}
    taken: set[str] = set()
    for field in message.fields:
        oneof = field.containing_oneof
        if field.name in without | LEFT_OUT or (oneof is not None and oneof.name in taken):
            continue
        value = of_field(field, use, parents | {message.full_name})
        if value is not NONE:
            example[field.name] = value
            if oneof is not None:
                taken.add(oneof.name)
        elif oneof is None and _must_be_there(field, use):
            return None
    return example


def of_field(field: FieldDescriptor, use: Use, parents: frozenset[str] = frozenset()) -> object:
    """An example of a field's JSON, or NONE."""
    rules = field_rules.of_field(field)
    if not field.is_repeated:
        return _element(field, rules, use, parents)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {} if not rules.map.min_pairs else NONE
    item = _element(field, rules.repeated.items, use, parents)
    if item is NONE:
        return NONE if rules.repeated.min_items else []
    return [item] * max(1, rules.repeated.min_items)


def _must_be_there(field: FieldDescriptor, use: Use) -> bool:
    return use is Use.ANSWER or field_rules.is_required(field, field_rules.of_field(field))


def _element(
    field: FieldDescriptor, rules: FieldRules, use: Use, parents: frozenset[str]
) -> object:
    given = _given(field, rules)
    if given is not NONE:
        return given
    if field.enum_type is not None:
        return next(iter(field_rules.enum_values(field.enum_type, rules)), NONE)
    if field.message_type is not None:
        return _message(field.message_type, rules, use, parents)
    return _scalar(field, rules)


def _message(message: Descriptor, rules: FieldRules, use: Use, parents: frozenset[str]) -> object:
    if message.full_name in well_known.WRAPPERS:
        return _scalar(message.fields_by_name["value"], rules)
    if message.full_name in _KNOWN or message.full_name in parents:
        return _KNOWN.get(message.full_name, NONE)
    nested = of_message(message, use, parents=parents)
    return NONE if nested is None else nested


def _given(field: FieldDescriptor, rules: FieldRules) -> object:
    """What the proto gives as an example, or the values that are known by name."""
    kind = rules.WhichOneof("type")
    examples = getattr(getattr(rules, kind), "example", ()) if kind else ()
    if examples and field.enum_type is not None:
        reader = EnumReader(field.enum_type)
        return next((name for name in reader.names if reader(name) == examples[0]), NONE)
    if examples and kind in {"string", "int32", "uint32", "double", "float", "bool"}:
        return examples[0]
    owner = "" if field.containing_type is None else field.containing_type.name
    name = VALUES.get(f"{owner}.{field.name}", VALUES.get(field.name, NONE))
    fits = {
        FieldDescriptor.CPPTYPE_STRING: str,
        FieldDescriptor.CPPTYPE_BOOL: bool,
        FieldDescriptor.CPPTYPE_INT32: int,
    }.get(field.cpp_type)
    return name if fits is not None and isinstance(name, fits) else NONE


def _scalar(field: FieldDescriptor, rules: FieldRules) -> object:
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return rules.bool.const
    if field.cpp_type in _NUMBERS | _LONG:
        bounds = field_rules.keywords(field, rules)
        if set(bounds) - {"minimum", "maximum"}:
            return NONE
        low, high = bounds.get("minimum", 1), bounds.get("maximum", 1)
        number = low if "minimum" in bounds else min(1, high) if isinstance(high, int) else low
        return str(number) if field.cpp_type in _LONG else number
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "" if rules.WhichOneof("type") is None else NONE
    return _text(field, rules)


def _text(field: FieldDescriptor, rules: FieldRules) -> object:
    schema = field_rules.keywords(field, rules)
    if schema.get("format") == "uuid":
        return example_values.RECORD_ID
    if set(schema) - {"minLength", "maxLength"}:
        return NONE
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", len(_FILLER))
    if not isinstance(shortest, int) or not isinstance(longest, int):
        return NONE
    return (_FILLER * (1 + shortest // len(_FILLER)))[: max(shortest, min(longest, 4))]
