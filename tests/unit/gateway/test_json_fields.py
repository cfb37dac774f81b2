"""What the contract says beside proto3 JSON, and which field an error names."""

from typing import Any

import pytest
from google.protobuf import any_pb2, field_mask_pb2

from gateway.converters.decoding import Readers
from gateway.converters.encoding import Writers
from gateway.converters.field_error import FieldError
from gateway.converters.well_known import UnsupportedTypeError
from pandora.user.v1 import kyc_pb2, kyc_service_pb2, user_pb2, user_service_pb2
from tests.unit.gateway.everything import descriptor, descriptor_of, message_class

READ_USER = Readers().message(descriptor_of(user_pb2.User))
WRITE_USER = Writers().message(descriptor_of(user_pb2.User))


def test_enums_are_written_in_lower_case_without_their_types_prefix() -> None:
    user = user_pb2.User(
        role=user_pb2.ROLE_COMPLIANCE,
        status=user_pb2.USER_STATUS_ACTIVE,
        kyc_status=kyc_pb2.KYC_STATUS_PENDING,
    )
    document = WRITE_USER(user)
    assert (document["role"], document["status"], document["kyc_status"]) == (
        "compliance",
        "active",
        "pending",
    )


def test_an_unspecified_enum_is_left_out_of_answers() -> None:
    assert "role" not in WRITE_USER(user_pb2.User())


def test_unspecified_elements_are_left_out_of_lists_and_maps() -> None:
    message = message_class()(many_colour=[1, 0, 2], string_to_colour={"a": 0, "b": 2})
    document = Writers().message(descriptor())(message)
    assert document["many_colour"] == ["red", "deep_blue"]
    assert document["string_to_colour"] == {"b": "deep_blue"}


def test_an_enum_value_of_a_newer_core_is_written_as_its_number() -> None:
    assert WRITE_USER(user_pb2.User(role=99))["role"] == 99  # type: ignore[arg-type]


def test_defaults_of_plain_fields_are_written_and_unset_optional_ones_are_not() -> None:
    assert WRITE_USER(user_pb2.User()) == {
        "id": "",
        "email": "",
        "email_verified": False,
        "mfa_enabled": False,
    }


def test_an_optional_field_that_is_set_to_its_default_is_written() -> None:
    assert WRITE_USER(user_pb2.User(full_name=""))["full_name"] == ""


def test_null_leaves_a_field_unset_and_an_empty_string_sets_it() -> None:
    read = Readers().message(descriptor_of(user_service_pb2.UpdateUserRequest))
    assert not read({"full_name": None}).HasField("full_name")
    assert read({"full_name": ""}).HasField("full_name")


@pytest.mark.parametrize(
    "status", ["KYC_STATUS_VERIFIED", "Verified", "unspecified", "kyc_status_verified", 2, "", []]
)
def test_an_enum_is_read_in_its_short_form_alone(status: object) -> None:
    read = Readers().message(descriptor_of(kyc_service_pb2.UpdateKycRequest))
    assert read({"status": "verified"}).status == 2  # type: ignore[attr-defined]
    with pytest.raises(FieldError) as caught:
        read({"status": status})
    assert caught.value.rule == "enum"
    assert caught.value.message == "must be one of: pending, verified, rejected"


def test_a_field_has_one_name_the_protos_own() -> None:
    with pytest.raises(FieldError) as caught:
        READ_USER({"fullName": "Ada"})
    assert (caught.value.field, caught.value.rule) == ("fullName", "unknown_field")


@pytest.mark.parametrize(
    ("document", "field", "rule"),
    [
        ({"plain_int32": True}, "plain_int32", "type"),
        ({"plain_int32": 2**31}, "plain_int32", "range"),
        ({"plain_uint32": -1}, "plain_uint32", "range"),
        ({"plain_int64": "9223372036854775808"}, "plain_int64", "range"),
        ({"plain_int64": "1" * 30}, "plain_int64", "type"),
        ({"plain_int32": 1.5}, "plain_int32", "type"),
        ({"plain_string": 1}, "plain_string", "type"),
        ({"plain_string": "\ud800"}, "plain_string", "encoding"),
        ({"plain_bool": "true"}, "plain_bool", "type"),
        ({"plain_bytes": "a"}, "plain_bytes", "type"),
        ({"plain_bytes": "é==="}, "plain_bytes", "type"),
        ({"plain_double": float("inf")}, "plain_double", "range"),
        ({"plain_double": 10**400}, "plain_double", "range"),
        ({"plain_float": 3.5e38}, "plain_float", "range"),
        ({"known_timestamp": "2026-02-30T00:00:00Z"}, "known_timestamp", "range"),
        ({"known_timestamp": "0001-01-01T00:00:00+01:00"}, "known_timestamp", "range"),
        ({"known_timestamp": "2026-01-01"}, "known_timestamp", "type"),
        ({"known_timestamp": "2026-01-01T00:00:00"}, "known_timestamp", "type"),
        ({"known_timestamp": "2026-01-01T00:00:00Z\n"}, "known_timestamp", "type"),
        ({"known_timestamp": "2026-01-01T00:00:60Z"}, "known_timestamp", "range"),
        ({"known_timestamp": "2026-01-01T00:00:00.1234567891Z"}, "known_timestamp", "type"),
        ({"known_timestamp": 1}, "known_timestamp", "type"),
        ({"known_duration": "315576000001s"}, "known_duration", "range"),
        ({"known_duration": "1"}, "known_duration", "type"),
        ({"known_struct": {"a": [{"b": 10**400}]}}, "known_struct.a[0].b", "range"),
        ({"known_struct": {"\udfff": 1}}, "known_struct.\N{REPLACEMENT CHARACTER}", "encoding"),
        ({"known_listvalue": {}}, "known_listvalue", "type"),
        ({"many_int32": [1, "x"]}, "many_int32[1]", "type"),
        ({"many_int32": [None]}, "many_int32[0]", "type"),
        ({"many_int32": 1}, "many_int32", "type"),
        ({"int32_to_string": {"x": ""}}, "int32_to_string.x", "type"),
        ({"bool_to_string": {"1": ""}}, "bool_to_string.1", "type"),
        ({"string_to_child": {"k": {"plain_bool": 0}}}, "string_to_child.k.plain_bool", "type"),
        ({"child": {"children": [{}, {"no": 1}]}}, "child.children[1].no", "unknown_field"),
        ({"child": []}, "child", "type"),
        ({"wrapped_int32": "x"}, "wrapped_int32", "type"),
        ({"chosen_string": "", "chosen_int32": 1}, "chosen_int32", "oneof"),
        ([], "", "type"),
        (None, "", "type"),
    ],
)
def test_an_error_names_the_path_of_its_field(document: Any, field: str, rule: str) -> None:  # noqa: ANN401
    with pytest.raises(FieldError) as caught:
        Readers().message(descriptor())(document)
    assert (caught.value.field, caught.value.rule) == (field, rule)


def test_what_a_client_calls_a_field_is_shown_short_and_printable() -> None:
    with pytest.raises(FieldError) as caught:
        READ_USER({"\x00\r\n\ud800" + "x" * 200: 1})
    assert caught.value.field == "\N{REPLACEMENT CHARACTER}" * 4 + "x" * 96 + "…"


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 0, "1970-01-01T00:00:00Z"),
        (1_700_000_000, 123_000_000, "2023-11-14T22:13:20.123Z"),
        (1_700_000_000, 1_000, "2023-11-14T22:13:20.000001Z"),
        (1_700_000_000, 1, "2023-11-14T22:13:20.000000001Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(seconds: int, nanos: int, text: str) -> None:
    user = user_pb2.User(created_at={"seconds": seconds, "nanos": nanos})
    assert WRITE_USER(user)["created_at"] == text
    assert READ_USER({"created_at": text}).created_at == user.created_at  # type: ignore[attr-defined]


@pytest.mark.parametrize("type_", [any_pb2.Any, field_mask_pb2.FieldMask])
def test_a_type_without_converter_stops_the_start(type_: Any) -> None:  # noqa: ANN401
    field = descriptor().fields_by_name["child"]

    class Field:
        message_type = type_.DESCRIPTOR
        enum_type = None
        is_repeated = False
        name, type = field.name, field.type

    with pytest.raises(UnsupportedTypeError):
        Readers().element(Field())  # type: ignore[arg-type]
    with pytest.raises(UnsupportedTypeError):
        Writers().element(Field())  # type: ignore[arg-type]
