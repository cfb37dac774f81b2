"""protovalidate's rules for text and bytes, as JSON Schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from buf.validate.validate_pb2 import BytesRules, StringRules
from gateway.openapi.json_types import Schema
from gateway.openapi.patterns import UnsupportedPatternError, literal, to_ecma

_UUID: Final = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
# What the formats of JSON Schema do not say, or say only where a validator asserts formats.
_FORMATS: Final[Mapping[str, Schema]] = {
    "email": {"format": "email"},
    "hostname": {"format": "hostname"},
    "ip": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    "ipv4": {"format": "ipv4"},
    "ipv6": {"format": "ipv6"},
    "uri": {"format": "uri"},
    "uri_ref": {"format": "uri-reference"},
    "address": {"anyOf": [{"format": "hostname"}, {"format": "ipv4"}, {"format": "ipv6"}]},
    "uuid": {"format": "uuid", "pattern": _UUID},
    "tuuid": {"pattern": "^[0-9a-fA-F]{32}$"},
    "ulid": {"pattern": "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"},
}
_MAY_BE_EMPTY: Final = frozenset({"uri_ref"})
_LONGEST_CHARACTER: Final = 4  # bytes in UTF-8


def of_string(rules: StringRules) -> Schema:
    """The keywords of a string's rules; lengths count code points on both sides."""
    schema: Schema = {}
    _bound(schema, "minLength", _first(rules, "len", "min_len"))
    _bound(schema, "maxLength", _first(rules, "len", "max_len"))
    _bound_bytes(schema, rules)
    form = rules.WhichOneof("well_known")
    if form in _FORMATS and getattr(rules, form):
        schema |= _FORMATS[form]
    elif form is not None:
        schema["x-format"] = form
    _add_patterns(schema, list(_patterns(rules)))
    if rules.HasField("not_contains"):
        schema["not"] = {"pattern": literal(rules.not_contains)}
    if rules.HasField("const"):
        schema["const"] = rules.const
    if getattr(rules, "in"):
        schema["enum"] = list(getattr(rules, "in"))
    if rules.not_in:
        schema["not"] = {"enum": list(rules.not_in)}
    return schema


def refuses_empty(rules: StringRules) -> bool:
    """Whether the empty string, which is what a field left out is, breaks a rule."""
    if _first(rules, "len", "min_len", "len_bytes", "min_bytes"):
        return True
    form = rules.WhichOneof("well_known")
    if form is not None and form not in _MAY_BE_EMPTY and getattr(rules, form):
        return True
    allowed = getattr(rules, "in")
    return (
        any(getattr(rules, name) for name in ("const", "prefix", "suffix", "contains"))
        or bool(allowed and "" not in allowed)
        or "" in rules.not_in
        or (rules.HasField("pattern") and not _matches_empty(rules.pattern))
    )


def of_bytes(rules: BytesRules) -> Schema:
    """The lengths of bytes, as lengths of their base64 with or without padding."""
    schema: Schema = {}
    shortest = _first(rules, "len", "min_len")
    longest = _first(rules, "len", "max_len")
    if shortest is not None:
        schema["minLength"] = -(-shortest * 4 // 3)
        schema["x-min-bytes"] = shortest
    if longest is not None:
        schema["maxLength"] = -(-longest // 3) * 4
        schema["x-max-bytes"] = longest
    return schema


def _bound_bytes(schema: Schema, rules: StringRules) -> None:
    """Bounds in bytes of UTF-8 imply ones in code points, and are said themselves beside."""
    shortest, longest = (
        _first(rules, "len_bytes", "min_bytes"),
        _first(rules, "len_bytes", "max_bytes"),
    )
    if shortest is not None:
        schema.setdefault("minLength", -(-shortest // _LONGEST_CHARACTER))
        schema["x-min-bytes"] = shortest
    if longest is not None:
        schema.setdefault("maxLength", longest)
        schema["x-max-bytes"] = longest


def _patterns(rules: StringRules) -> Iterator[str]:
    if rules.HasField("pattern"):
        yield rules.pattern
    if rules.HasField("prefix"):
        yield "^" + literal(rules.prefix)
    if rules.HasField("suffix"):
        yield literal(rules.suffix) + "$"
    if rules.HasField("contains"):
        yield literal(rules.contains)


def _add_patterns(schema: Schema, patterns: list[str]) -> None:
    for pattern in patterns:
        try:
            translated = to_ecma(pattern)
        except UnsupportedPatternError:
            schema["x-pattern-re2"] = pattern
            continue
        if "pattern" not in schema:
            schema["pattern"] = translated
        else:
            more = schema.setdefault("allOf", [])
            if isinstance(more, list):
                more.append({"pattern": translated})


def _matches_empty(pattern: str) -> bool:
    try:
        return re.search(to_ecma(pattern), "") is not None
    except (UnsupportedPatternError, re.error):
        return True


def _first(rules: StringRules | BytesRules, *names: str) -> int | None:
    """The first of some bounds that is set."""
    for name in names:
        if rules.HasField(name):
            value: int = getattr(rules, name)
            return value
    return None


def _bound(schema: Schema, keyword: str, value: int | None) -> None:
    if value is not None:
        schema[keyword] = value
