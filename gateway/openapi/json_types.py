"""JSON Schema of single values, as `gateway.converters` read and write them."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from google.protobuf.descriptor import FieldDescriptor as Field

Schema = dict[str, object]


class Use(Enum):
    """Where a value stands, on which its JSON depends."""

    QUERY = "query"
    """Text in a path or a query."""
    BODY = "body"
    """JSON of a request."""
    ANSWER = "answer"
    """JSON of an answer."""


_BITS: Final[Mapping[int, tuple[int, bool]]] = {
    **dict.fromkeys((Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32), (32, True)),
    **dict.fromkeys((Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64), (64, True)),
    **dict.fromkeys((Field.TYPE_UINT32, Field.TYPE_FIXED32), (32, False)),
    **dict.fromkeys((Field.TYPE_UINT64, Field.TYPE_FIXED64), (64, False)),
}
_LONG: Final = 64
_SIGNED_TEXT, _UNSIGNED_TEXT = "^-?(?:0|[1-9][0-9]{0,19})$", "^(?:0|[1-9][0-9]{0,19})$"
_DECIMAL_TEXT: Final = r"^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?Infinity)$"
_BASE64_TEXT: Final = "^[A-Za-z0-9+/_-]*=*$"
_TIME_TEXT: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})$"
)
_DURATION_TEXT: Final = r"^-?[0-9]{1,12}(?:\.[0-9]{1,9})?s$"

# Keywords that judge null as well; the others judge values of their own type alone.
_ABOUT_ANYTHING: Final = frozenset({"const", "not", "anyOf", "allOf"})


def scalar(kind: int, use: Use) -> Schema:
    """The schema of a scalar type, by the number of the field's type."""
    if kind in _BITS:
        return _integer(*_BITS[kind], use)
    match kind:
        case Field.TYPE_BOOL:
            return {"type": "boolean"}
        case Field.TYPE_BYTES:
            schema: Schema = {"type": "string", "contentEncoding": "base64"}
            return schema if use is Use.ANSWER else schema | {"pattern": _BASE64_TEXT}
        case Field.TYPE_DOUBLE | Field.TYPE_FLOAT:
            form = "double" if kind == Field.TYPE_DOUBLE else "float"
            # What JSON cannot write as a number is text; a request may write any number as text.
            return {"type": ["number", "string"], "format": form, "pattern": _DECIMAL_TEXT}
        case _:
            return {"type": "string"}


def well_known(full_name: str, use: Use) -> Schema | None:
    """The schema of a well-known type that is no object of its fields; None for any other type."""
    match full_name:
        case "google.protobuf.Timestamp":
            schema: Schema = {"type": "string", "format": "date-time"}
            return schema if use is Use.ANSWER else schema | {"pattern": _TIME_TEXT}
        case "google.protobuf.Duration":
            return {"type": "string", "pattern": _DURATION_TEXT}
        case "google.protobuf.Struct":
            return {"type": "object", "additionalProperties": True}
        case "google.protobuf.ListValue":
            return {"type": "array", "items": {}}
        case "google.protobuf.Value":
            return {}
        case _:
            return None


def nullable(schema: Schema) -> Schema:
    """The same, or null: in the body of a request null leaves a field unset."""
    if not schema:
        return schema
    kind = schema.get("type")
    if kind is None or _ABOUT_ANYTHING & schema.keys():
        return {"anyOf": [schema, {"type": "null"}]}
    widened = dict(schema)
    widened["type"] = [*kind, "null"] if isinstance(kind, list) else [kind, "null"]
    if isinstance(values := schema.get("enum"), list):
        widened["enum"] = [*values, None]
    return widened


def _integer(bits: int, signed: bool, use: Use) -> Schema:  # noqa: FBT001 - a pair of _BITS
    form = f"{'' if signed else 'u'}int{bits}"
    text = _SIGNED_TEXT if signed else _UNSIGNED_TEXT
    if use is Use.ANSWER and bits == _LONG:
        # JavaScript's numbers end at 2**53 (proto3 JSON).
        return {"type": "string", "format": form, "pattern": text}
    schema: Schema = {"type": "integer", "format": form}
    if use is Use.ANSWER:
        return schema
    schema |= {
        "minimum": -(2 ** (bits - 1)) if signed else 0,
        "maximum": 2 ** (bits - 1 if signed else bits) - 1,
    }
    if use is Use.BODY:
        schema |= {"type": ["integer", "string"], "pattern": text}
    return schema
