"""Query parameters set the fields of a request message."""

import pytest

from gateway import query
from gateway.converters.decoding import Readers
from gateway.converters.field_error import FieldError
from gateway.percent import MalformedTextError
from pandora.user.v1 import audit_service_pb2, user_service_pb2
from tests.unit.gateway.everything import descriptor, descriptor_of, message_class

FIELDS = query.text_fields(descriptor(), Readers())


def test_every_field_that_is_a_text_can_be_a_parameter() -> None:
    fields = query.text_fields(descriptor_of(audit_service_pb2.ListAuditEventsRequest), Readers())
    assert fields.keys() == {
        *("user_id", "actor_id", "action", "outcome", "from_time", "to_time"),
        *("page_size", "page_token"),
    }


def test_objects_maps_and_lists_of_messages_are_no_parameters() -> None:
    roots = {name.partition(".")[0] for name in FIELDS}
    assert not roots & {"known_struct", "known_value", "children", "string_to_child"}


@pytest.mark.parametrize(
    ("name", "texts", "expected"),
    [
        ("plain_int32", ["-5"], {"plain_int32": -5}),
        ("plain_uint64", ["18446744073709551615"], {"plain_uint64": 2**64 - 1}),
        ("plain_bool", ["true"], {"plain_bool": True}),
        ("optional_bool", ["false"], {"optional_bool": False}),
        ("plain_double", ["1.5e3"], {"plain_double": 1500.0}),
        ("plain_string", [""], {"plain_string": ""}),
        ("plain_bytes", ["_-8"], {"plain_bytes": b"\xff\xef"}),
        ("plain_colour", ["deep_blue"], {"plain_colour": 2}),
        ("many_string", ["a", "b"], {"many_string": ["a", "b"]}),
        ("many_bool", ["true", "false"], {"many_bool": [True, False]}),
        ("known_timestamp", ["1970-01-01T00:00:01Z"], {"known_timestamp": {"seconds": 1}}),
        ("known_duration", ["2.5s"], {"known_duration": {"seconds": 2, "nanos": 500_000_000}}),
        ("wrapped_bool", ["true"], {"wrapped_bool": {"value": True}}),
        ("wrapped_int64", ["7"], {"wrapped_int64": {"value": 7}}),
    ],
)
def test_sets(name: str, texts: list[str], expected: dict[str, object]) -> None:
    message = message_class()()
    FIELDS[name].set_on(message, texts)
    assert message == message_class()(**expected)


@pytest.mark.parametrize(
    ("name", "texts", "rule"),
    [
        ("plain_int32", ["x"], "type"),
        ("plain_int32", [""], "type"),
        ("plain_int32", ["1_0"], "type"),
        ("plain_int32", ["1"] * 2, "repeated"),
        ("plain_int32", ["2147483648"], "range"),
        ("plain_bool", ["1"], "type"),
        ("plain_bool", ["True"], "type"),
        ("plain_colour", ["unspecified"], "enum"),
        ("plain_colour", ["2"], "enum"),
        ("known_timestamp", ["1970-01-01"], "type"),
        ("wrapped_bool", ["yes"], "type"),
    ],
)
def test_refuses(name: str, texts: list[str], rule: str) -> None:
    with pytest.raises(FieldError) as caught:
        FIELDS[name].set_on(message_class()(), texts)
    assert (caught.value.field, caught.value.rule) == (name, rule)


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        ("", {}),
        ("&&", {}),
        ("a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}),
        ("a", {"a": [""]}),
        ("a==", {"a": ["="]}),
        ("a=b+c%2B", {"a": ["b c+"]}),
        ("%61=%C3%A9", {"a": ["é"]}),
        ("a=é", {"a": ["é"]}),
        ("a=%00", {"a": ["\0"]}),
    ],
)
def test_splits_a_query(raw: str, parameters: dict[str, list[str]]) -> None:
    assert query.parse(raw) == parameters


@pytest.mark.parametrize("raw", ["a=%", "a=%g0", "a=%ff", "%c3=1", "a=\udcff", "a=%ed%a0%80"])
def test_a_query_that_is_not_percent_encoded_utf8_is_malformed(raw: str) -> None:
    with pytest.raises(MalformedTextError):
        query.parse(raw)


def test_parameters_of_a_request_are_its_own_fields() -> None:
    fields = query.text_fields(descriptor_of(user_service_pb2.ListUsersRequest), Readers())
    message = user_service_pb2.ListUsersRequest()
    fields["status"].set_on(message, ["suspended"])
    fields["show_deleted"].set_on(message, ["true"])
    assert message == user_service_pb2.ListUsersRequest(
        status="USER_STATUS_SUSPENDED", show_deleted=True
    )
