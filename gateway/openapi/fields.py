"""The schema of a field: its type, its rules, how often it stands, and its comment."""

from collections.abc import Callable

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from buf.validate.validate_pb2 import FieldRules
from gateway.converters import well_known
from gateway.openapi import field_rules, json_types
from gateway.openapi.json_types import Schema, Use

ToMessage = Callable[[Descriptor, Use], Schema]
ToEnum = Callable[[EnumDescriptor], Schema]


class FieldSchemas:
    """Makes schemas of fields; what has a name of its own is asked for by reference."""

    def __init__(self, message: ToMessage, enum: ToEnum) -> None:
        """Take what makes references to messages and to enums."""
        self._message = message
        self._enum = enum

    def of(self, field: FieldDescriptor, use: Use) -> Schema:
        """The schema of a field's JSON, without its comment and without null."""
        rules = field_rules.of_field(field)
        if not field.is_repeated:
            return self._element(field, rules, use)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._map(field.message_type, rules, use)
        schema: Schema = {
            "type": "array",
            "items": self._element(field, rules.repeated.items, use),
        }
        if use is not Use.ANSWER:
            if fewest := max(rules.repeated.min_items, int(rules.required)):
                schema["minItems"] = fewest
            if rules.repeated.HasField("max_items"):
                schema["maxItems"] = rules.repeated.max_items
            if rules.repeated.unique:
                schema["uniqueItems"] = True
        return schema

    def _element(self, field: FieldDescriptor, rules: FieldRules, use: Use) -> Schema:
        if field.enum_type is not None:
            return self._enum_value(field.enum_type, rules, use)
        if field.message_type is None:
            return _with(json_types.scalar(field.type, use), field_rules.keywords(field, rules))
        name = field.message_type.full_name
        if name in well_known.WRAPPERS:
            value = field.message_type.fields_by_name["value"]
            return _with(json_types.scalar(value.type, use), field_rules.keywords(value, rules))
        known = json_types.well_known(name, use)
        if known is None:
            return self._message(field.message_type, use)
        return _with(known, field_rules.keywords(field, rules))

    def _enum_value(self, enum: EnumDescriptor, rules: FieldRules, use: Use) -> Schema:
        allowed = field_rules.enum_values(enum, rules)
        if use is Use.ANSWER or allowed == field_rules.enum_values(enum, FieldRules()):
            return self._enum(enum)
        return {"type": "string", "enum": allowed}

    def _map(self, entry: Descriptor, rules: FieldRules, use: Use) -> Schema:
        key, value = (entry.fields_by_name[name] for name in ("key", "value"))
        schema: Schema = {
            "type": "object",
            "additionalProperties": self._element(value, rules.map.values, use),
        }
        if use is not Use.ANSWER:
            if names := field_rules.keywords(key, rules.map.keys):
                schema["propertyNames"] = names
            if rules.map.min_pairs:
                schema["minProperties"] = rules.map.min_pairs
            if rules.map.HasField("max_pairs"):
                schema["maxProperties"] = rules.map.max_pairs
        return schema


def _with(schema: Schema, rules: Schema) -> Schema:
    """Both of them; a keyword that stands in both is kept apart."""
    if "pattern" in schema and "pattern" in rules:
        return {**schema, "allOf": [rules]}
    merged = {**schema, **rules}
    for keyword, choose in (("minimum", max), ("maximum", min)):
        present, added = schema.get(keyword), rules.get(keyword)
        if isinstance(present, int) and isinstance(added, int | float):
            merged[keyword] = choose(present, added)
    return merged
