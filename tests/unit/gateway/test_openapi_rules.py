"""Rules that the contract may come to use say in JSON Schema what protovalidate enforces."""

from typing import Any

import protovalidate
import pytest

from buf.validate.validate_pb2 import IGNORE_ALWAYS, IGNORE_IF_ZERO_VALUE, FieldRules
from gateway.converters.decoding import Readers
from gateway.converters.encoding import Writers
from gateway.converters.field_error import FieldError
from gateway.openapi import document as openapi_document
from gateway.openapi.comments import Comments
from gateway.openapi.json_types import Use
from gateway.openapi.messages import Messages
from tests.unit.gateway import everything, ruled, things_service
from tests.unit.gateway.openapi_schema import is_valid

TEXTS = [
    "",
    "a",
    "ab",
    "abc",
    "x.y",
    "prefix",
    "a" * 40,
    "\N{GRINNING FACE}" * 3,
    "b c",
    "192.0.2.1",
]
UUID = "019a3c5e-7d20-7b41-8c11-2f6d0a9b4e57"
NUMBERS = [-6, -5, -1, 0, 1, 2, 5, 6, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1]

STRINGS = {
    "len": FieldRules(string={"len": 3}),
    "min_len": FieldRules(string={"min_len": 2}),
    "const": FieldRules(string={"const": "ab"}),
    "prefix": FieldRules(string={"prefix": "x."}),
    "suffix": FieldRules(string={"suffix": ".y"}),
    "contains": FieldRules(string={"contains": "."}),
    "not_contains": FieldRules(string={"not_contains": "."}),
    "in": FieldRules(string={"in": ["a", "ab"]}),
    "not_in": FieldRules(string={"not_in": ["a", ""]}),
    "several patterns": FieldRules(string={"pattern": "^[a-z.]+$", "prefix": "x", "suffix": "y"}),
    "ipv4": FieldRules(string={"ipv4": True}),
    "uuid": FieldRules(string={"uuid": True}),
    "tuuid": FieldRules(string={"tuuid": True}),
    "may be empty": FieldRules(string={"min_len": 3}, ignore=IGNORE_IF_ZERO_VALUE),
    "no rule": FieldRules(string={"min_len": 3}, ignore=IGNORE_ALWAYS),
    "required": FieldRules(string={"max_len": 3}, required=True),
}
INTEGERS = {
    "gt": FieldRules(int32={"gt": 0}),
    "gte": FieldRules(int32={"gte": 0}),
    "lt": FieldRules(int32={"lt": 5}),
    "lte": FieldRules(int32={"lte": 5, "gte": -5}),
    "not between": FieldRules(int32={"gt": 5, "lt": -5}),
    "const": FieldRules(int32={"const": 5}),
    "in": FieldRules(int32={"in": [1, 5]}),
    "not_in": FieldRules(int32={"not_in": [0, 5]}),
}
NEEDED = {
    "text": ("string", ["", "a"]),
    "number": ("int32", [0, 1]),
    "truth": ("bool", [False, True]),
}
LISTS = {
    "required": FieldRules(repeated={"max_items": 3}, required=True),
    "min_items": FieldRules(repeated={"min_items": 1}),
    "max_items": FieldRules(repeated={"max_items": 2}),
    "unique": FieldRules(repeated={"unique": True}),
    "items": FieldRules(repeated={"items": {"string": {"min_len": 2}}}),
}


def agrees(kind: str, rules: FieldRules, values: list[Any], *, many: bool = False) -> None:
    """Ask both sides about each value, and about none."""
    descriptor = ruled.message_with(kind, rules, many=many)
    messages = Messages(Comments({}))
    reference = messages.reference(descriptor, Use.BODY)
    root = {"components": {"schemas": messages.schemas}}
    verdicts = {}
    for document in [{}, *({"value": value} for value in values)]:
        verdicts[str(document)] = is_valid(reference, document, root)
        try:
            message = Readers().message(descriptor)(document)
            accepted = not list(protovalidate.collect_violations(message))
        except FieldError:
            accepted = False
        assert verdicts[str(document)] == accepted, (document, messages.schemas)
    assert set(verdicts.values()) == {True, False}


@pytest.mark.parametrize("rules", STRINGS.values(), ids=list(STRINGS))
def test_of_text(rules: FieldRules) -> None:
    agrees("string", rules, [*TEXTS, UUID, UUID.replace("-", ""), 5, None])


@pytest.mark.parametrize("rules", INTEGERS.values(), ids=list(INTEGERS))
def test_of_integers(rules: FieldRules) -> None:
    agrees("int32", rules, [*NUMBERS, 1.5, "x", None])


@pytest.mark.parametrize("rules", LISTS.values(), ids=list(LISTS))
def test_of_lists(rules: FieldRules) -> None:
    agrees("string", rules, [[], ["ab"], ["ab", "cd"], ["ab", "ab", "cd"], ["a"], "ab"], many=True)


@pytest.mark.parametrize(("kind", "values"), NEEDED.values(), ids=list(NEEDED))
def test_of_what_is_required(kind: str, values: list[Any]) -> None:
    agrees(kind, FieldRules(required=True), values)


def test_bytes_of_text_are_bounded_as_far_as_json_schema_can() -> None:
    rules = FieldRules(string={"min_bytes": 5, "max_bytes": 12})
    messages = Messages(Comments({}))
    messages.reference(ruled.message_with("string", rules), Use.BODY)
    (schema,) = messages.schemas.values()
    value = schema["properties"]["value"]  # type: ignore[index]
    assert value == {
        "type": "string",
        "minLength": 2,
        "maxLength": 12,
        "x-min-bytes": 5,
        "x-max-bytes": 12,
    }


def test_a_rule_in_cel_is_told_in_its_own_words() -> None:
    even = {"id": "even", "message": "must be even", "expression": "this % 2 == 0"}
    rules = FieldRules(cel=[even])
    messages = Messages(Comments({}))
    messages.reference(ruled.message_with("int32", rules), Use.BODY)
    (schema,) = messages.schemas.values()
    assert schema["properties"]["value"]["x-rules"] == ["must be even"]  # type: ignore[index]


def test_what_is_written_is_valid_for_every_type_of_field() -> None:
    descriptor = everything.descriptor()
    messages = Messages(Comments({}))
    reference = messages.reference(descriptor, Use.ANSWER)
    root = {"components": {"schemas": messages.schemas}}
    message = everything.message_class()(
        plain_int64=-(2**63),
        plain_uint64=2**64 - 1,
        plain_double=float("inf"),
        plain_float=1.5,
        plain_bytes=b"\xff",
        plain_colour=1,
        many_colour=[1, 2],
        known_timestamp={"seconds": 1},
        known_duration={"seconds": -1, "nanos": -5},
        wrapped_int64={"value": 5},
        int32_to_string={1: "a"},
        string_to_colour={"a": 1},
    )
    document = Writers().message(descriptor)(message)
    described: Any = messages.schemas["Everything"]
    # The core sets every message that is not `optional`; this one leaves some out.
    described["required"] = [name for name in described["required"] if name.startswith("plain_")]
    assert is_valid(reference, document, root)
    assert not is_valid(reference, {**document, "plain_int64": 5}, root)


def test_what_is_read_is_valid_for_every_type_of_field() -> None:
    descriptor = everything.descriptor()
    messages = Messages(Comments({}))
    reference = messages.reference(descriptor, Use.BODY)
    root = {"components": {"schemas": messages.schemas}}
    candidates: dict[str, list[object]] = {
        "plain_int64": [1, "1", -1, 1.0, "1.0", "x", True, 2**63, None],
        "plain_uint32": [1, "1", -1, 2**32],
        "plain_double": [1, 1.5, "1.5", "NaN", "-Infinity", "x", "+1", True],
        "plain_bool": [True, False, "true", 0],
        "plain_bytes": ["", "YQ==", "YQ", "_-8=", "ä", 5],
        "plain_colour": ["red", "deep_blue", "RED", "unspecified", 1],
        "known_duration": ["1s", "-1.5s", "1", "1.0000000000s"],
        "known_struct": [{}, {"a": [1]}, [], "x"],
        "known_value": [None, 1, "x", {}, []],
        "wrapped_int32": [1, "1", None, "x"],
        "child": [{}, {"plain_int32": 1}, {"unknown": 1}, []],
        "children": [[], [{}], [1], {}],
        "string_to_string": [{"a": "b"}, {"a": 1}, []],
    }
    for name, values in candidates.items():
        for value in values:
            document = {name: value}
            try:
                Readers().message(descriptor)(document)
                accepted = True
            except FieldError:
                accepted = False
            assert is_valid(reference, document, root) == accepted, document
    both = {"chosen_string": "a", "chosen_int32": 1}
    assert not is_valid(reference, both, root)
    assert is_valid(reference, {**both, "chosen_int32": None}, root)


def test_a_stream_and_further_bindings_are_described() -> None:
    built: Any = openapi_document.build([things_service.service()], Comments({}))
    export = built["paths"]["/v1/things:export"]["get"]["responses"]["200"]
    (media,) = export["content"].values()
    assert list(export["content"]) == ["application/x-ndjson"]
    assert media["x-itemSchema"]["anyOf"][0] == {"$ref": "#/components/schemas/Thing"}
    put = built["paths"]["/v1/things/{thing.id}"]
    assert set(put) == {"put", "get"}
    assert put["put"]["operationId"] == "ThingService_PutThing"
    assert put["get"]["operationId"] == "ThingService_PutThing_3"
    assert "202" in put["put"]["responses"]
    names = {parameter["name"]: parameter["in"] for parameter in put["get"]["parameters"]}
    assert names == {
        "thing.id": "path",
        "thing.size": "query",
        "thing.note": "query",
        "count": "query",
        "labels": "query",
    }
    number = put["get"]["responses"]["202"]["content"]["application/json"]["schema"]
    assert number["format"] == "int64"
    assert number["type"] == "string"
    assert put["put"]["x-roles"] == []
