"""What an operation takes beside its body: path variables, query parameters, headers."""

from typing import Final

from gateway import idempotency_key
from gateway.contract import HttpBinding, Rpc
from gateway.openapi import example_values, examples, field_rules
from gateway.openapi.json_types import Schema, Use
from gateway.openapi.messages import Messages
from gateway.path_template import PathTemplate
from gateway.query import text_descriptors
from pandora.options.v1 import access_pb2

IDEMPOTENCY_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Makes a repeat safe: the same key with the same request is given the same answer for 24"
        " hours; with another request it is refused (IDEMPOTENCY_KEY_REUSED). Keys belong to the"
        " caller; choose them at random. Quotes around a key are not part of it."
    ),
    "schema": {"type": "string", "pattern": idempotency_key.PATTERN},
}
_PARAMETERS: Final = "#/components/parameters/"

SHARED: Final[dict[str, Schema]] = {"IdempotencyKey": IDEMPOTENCY_KEY}
"""`components/parameters`."""


def of(rpc: Rpc, binding: HttpBinding, template: PathTemplate, messages: Messages) -> list[Schema]:
    """Every parameter of one HTTP binding."""
    fields = dict(text_descriptors(rpc.request))
    parameters: list[Schema] = []
    for name in template.variables:
        field = fields.pop(name)
        parameter = {"name": name, "in": "path", "required": True}
        parameter |= _described(messages.field(field, Use.QUERY))
        if field.name == "user_id" and rpc.access.self:
            parameter["example"] = example_values.ME
        elif (example := examples.of_field(field, Use.QUERY)) is not examples.NONE:
            parameter["example"] = example
        parameters.append(parameter)
    if binding.body == "*":
        fields.clear()
    for name, field in fields.items():
        if name.partition(".")[0] == binding.body:
            continue
        required = field_rules.is_required(field, field_rules.of_field(field))
        parameter = {"name": name, "in": "query", "required": required}
        parameters.append(parameter | _described(messages.field(field, Use.QUERY)))
    if rpc.access.idempotency_keys == access_pb2.IDEMPOTENCY_KEYS_ACCEPTED:
        parameters.append({"$ref": _PARAMETERS + "IdempotencyKey"})
    return parameters


def _described(schema: Schema) -> Schema:
    """A parameter's own description stands outside of its schema."""
    description = schema.pop("description", None)
    return {"schema": schema} | ({} if description is None else {"description": description})
