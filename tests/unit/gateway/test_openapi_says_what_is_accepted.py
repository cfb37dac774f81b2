"""What the schemas call valid is accepted, and what they call invalid is refused.

Both sides are asked about each of some thousand requests: the schema on one, on the other the
converter of the gateway and the rules as the core enforces them (protovalidate).
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

import protovalidate
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway.converters.decoding import Readers
from gateway.converters.field_error import FieldError
from gateway.openapi.example_values import USER_ID
from gateway.query import text_fields
from tests.unit.gateway.openapi_schema import Operation, is_valid, operations, resolve

READERS = Readers()
WITH_BODY = {one.name: one for one in operations() if "requestBody" in one.described}
WITH_TEXT = {one.name: one for one in operations() if one.described["parameters"]}
DROPPED: Final = object()

_LENGTHS: Final = (64, 65, 100, 101, 128, 129, 200, 201, 255, 320, 321, 500, 501, 512, 513)
TEXTS: Final = [
    *("", " ", "a", "me", "ME", "0", "-1", "1", "1000", "1.5", "1e2", "2147483648", "true", "null"),
    *(USER_ID, USER_ID.upper(), USER_ID.replace("-", ""), USER_ID + "\n", USER_ID[:-1] + "g"),
    *("ada@example.com", " ada@example.com\t", "a@b", "@", "a@", "a b@c", "a@b@c", "ä@ö"),
    *("\u00a0a@b", "a\u2003@b", "123456", "1234567", "12345", "１２３４５６", "123456\n"),  # noqa: RUF001
    *("pending", "PENDING", "unspecified", "KYC_STATUS_PENDING", "service", "admin", "active"),
    *("success", "auth.login", "auth-login", "a\nb", "a\0b", "a\x7fb", "a\u0085b", "_-_"),
    *("2026-01-31T08:00:00Z", "2026-01-31t08:00:00z", "2026-01-31", "2026-02-30T08:00:00Z"),
    *("2026-01-31T08:00:00.123456789+01:00", "2026-01-31T08:00:00.1234567890Z"),
    *(letter * n for letter in "xé7\N{GRINNING FACE}" for n in _LENGTHS),
    *(letter * n for letter in "x7" for n in (1024, 1025, 8192, 8193)),
]
_INTEGER: Final = re.compile("-?[0-9]{1,600}")
OTHERS: Final = [None, True, False, 0, 1, -1, 1.0, 1.5, [], ["a"], {}, {"a": 1}, DROPPED]


@pytest.mark.parametrize("operation", WITH_BODY.values(), ids=list(WITH_BODY))
def test_in_bodies(operation: Operation) -> None:
    content = operation.described["requestBody"]["content"]["application/json"]
    verdicts = set()
    for document in bodies(content):
        said = is_valid(content["schema"], document)
        assert said == accepts_body(operation, document), shown(document)
        verdicts.add(said)
    assert verdicts == {True, False}


@pytest.mark.parametrize("operation", WITH_TEXT.values(), ids=list(WITH_TEXT))
def test_in_paths_and_queries(operation: Operation) -> None:
    fields = text_fields(operation.rpc.request, READERS)
    for parameter in map(resolve, operation.described["parameters"]):
        if parameter["in"] == "header":
            continue
        field, schema = fields[parameter["name"]], parameter["schema"]
        verdicts = set()
        for text in TEXTS:
            said = is_valid(schema, as_json(schema, text))
            message = message_of(operation)
            try:
                message.ClearField(field.path[0])
                field.set_on(message, [text])
                accepted = is_lawful(message)
            except FieldError:
                accepted = False
            assert said == accepted, (parameter["name"], shown(text))
            verdicts.add(said)
        assert verdicts == {True, False}, parameter["name"]


@pytest.mark.parametrize("operation", WITH_TEXT.values(), ids=list(WITH_TEXT))
def test_a_query_parameter_is_required_where_its_lack_is_refused(operation: Operation) -> None:
    for parameter in map(resolve, operation.described["parameters"]):
        if parameter["in"] != "query":
            continue
        message = message_of(operation)
        message.ClearField(parameter["name"])
        assert parameter["required"] != is_lawful(message)


def bodies(content: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """The example, and it with any one field replaced by anything, left out or added."""
    example, schema = content["example"], resolve(content["schema"])
    yield example
    yield from ({}, [], None, "text", {**example, "unknown": 1}, {**example, "user_id": USER_ID})
    for name in schema["properties"]:
        for value in itertools.chain(TEXTS, OTHERS):
            changed = {**example, name: value}
            if value is DROPPED:
                del changed[name]
            yield changed


def accepts_body(operation: Operation, document: object) -> bool:
    """Whether gateway and rules let a body through, with path variables that are right."""
    if isinstance(document, dict) and "user_id" in document.keys() & path_variables(operation):
        return False
    try:
        message = READERS.message(operation.rpc.request)(document)
    except FieldError:
        return False
    for name in path_variables(operation):
        setattr(message, name, USER_ID)
    return is_lawful(message)


def path_variables(operation: Operation) -> set[str]:
    parameters = map(resolve, operation.described["parameters"])
    return {parameter["name"] for parameter in parameters if parameter["in"] == "path"}


def message_of(operation: Operation) -> Message:
    """A lawful request of an operation without a body."""
    message = GetMessageClass(operation.rpc.request)()
    content = operation.described.get("requestBody", {}).get("content", {})
    if content:
        message = READERS.message(operation.rpc.request)(content["application/json"]["example"])
    for name in path_variables(operation):
        setattr(message, name, USER_ID)
    assert is_lawful(message)
    return message


def is_lawful(message: Message) -> bool:
    try:
        protovalidate.validate(message)
    except protovalidate.ValidationError:
        return False
    return True


def as_json(schema: Any, text: str) -> object:  # noqa: ANN401 - JSON
    """What a reader of the document makes of a parameter's text."""
    if schema.get("type") == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def shown(value: object) -> str:
    return repr(value)[:300]
