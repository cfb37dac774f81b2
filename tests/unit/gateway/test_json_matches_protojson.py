"""Where the contract says nothing else, JSON is what protobuf's own json_format makes of it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.converters.decoding import MessageReader, Readers
from gateway.converters.encoding import MessageWriter, Writers
from gateway.converters.field_error import FieldError
from tests.unit.gateway.everything import KEYS, SCALARS, WRAPPERS, descriptor, message_class

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
COLOURS = {"red": "PAINT_COLOUR_RED", "deep_blue": "PAINT_COLOUR_DEEP_BLUE"}
COLOUR_FIELDS = ("plain_colour", "optional_colour", "many_colour", "string_to_colour")

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# For the very largest float json_format writes a text that it refuses to read.
_floats = st.floats(min_value=-(2.0**127), max_value=2.0**127, width=32)
_doubles = st.floats(allow_nan=False, allow_infinity=False)
_not_finite = st.sampled_from(["NaN", "Infinity", "-Infinity"])


def _integers(bits: int, *, signed: bool) -> st.SearchStrategy[object]:
    numbers = (
        st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if signed
        else st.integers(0, 2**bits - 1)
    )
    return st.one_of(numbers, numbers.map(str))


def _scalar(kind: str) -> st.SearchStrategy[Any]:
    match kind:
        case "double":
            return st.one_of(_doubles, _not_finite)
        case "float":
            return st.one_of(_floats, _not_finite)
        case "bool":
            return st.booleans()
        case "string":
            return _text
        case "bytes":
            return st.binary(max_size=8).map(lambda data: base64.b64encode(data).decode())
        case _:
            bits = 64 if kind.endswith("64") else 32
            return _integers(bits, signed="uint" not in kind and not kind.startswith("fixed"))


_anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), _doubles, _text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_text, inner, max_size=3)),
    max_leaves=6,
)
_times = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
_durations = st.integers(-315_576_000_000 * 10**3, 315_576_000_000 * 10**3).map(
    lambda milliseconds: (
        f"{milliseconds // 1000}.{abs(milliseconds) % 1000:03d}s"
        if milliseconds >= 0
        else f"-{-milliseconds // 1000}.{-milliseconds % 1000:03d}s"
    )
)
_colours = st.sampled_from(sorted(COLOURS))


def _fields() -> dict[str, st.SearchStrategy[Any]]:
    fields: dict[str, st.SearchStrategy[Any]] = {
        "plain_colour": _colours,
        "optional_colour": _colours,
        "many_colour": st.lists(_colours, max_size=3),
        "string_to_colour": st.dictionaries(_text, _colours, max_size=3),
        "known_timestamp": _times,
        "known_duration": _durations,
        "known_struct": st.dictionaries(_text, _anything, max_size=3),
        "known_value": _anything,
        "known_listvalue": st.lists(_anything, max_size=3),
    }
    for kind in SCALARS:
        fields[f"plain_{kind}"] = st.none() | _scalar(kind)
        fields[f"optional_{kind}"] = st.none() | _scalar(kind)
        fields[f"many_{kind}"] = st.lists(_scalar(kind), max_size=3)
    for name in WRAPPERS:
        fields[f"wrapped_{name.lower()}"] = st.none() | _scalar(name.lower())
    for key in KEYS:
        fields[f"{key}_to_string"] = st.dictionaries(_key(key), _text, max_size=3)
    return fields


def _key(kind: str) -> st.SearchStrategy[str]:
    match kind:
        case "bool":
            return st.sampled_from(["true", "false"])
        case "string":
            return _text
        case "int32":
            return st.integers(-(2**31), 2**31 - 1).map(str)
        case _:
            return st.integers(0, 2**64 - 1).map(str)


FIELDS = _fields()


@st.composite
def _documents(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    """A few fields at a time, so that each example is cheap."""
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=5, unique=True))
    document = {name: draw(FIELDS[name]) for name in names}
    match draw(st.sampled_from(["", "chosen_string", "chosen_int32"])):
        case "chosen_string":
            document["chosen_string"] = draw(_text)
        case "chosen_int32":
            document["chosen_int32"] = 0
        case _:
            pass
    if depth:
        match draw(st.sampled_from(["", "child", "children", "string_to_child"])):
            case "child":
                document["child"] = draw(_documents(depth=depth - 1))
            case "children":
                document["children"] = draw(st.lists(_documents(depth=depth - 1), max_size=2))
            case "string_to_child":
                document["string_to_child"] = {draw(_text): draw(_documents(depth=depth - 1))}
            case _:
                pass
    return document


def _long_enums(document: Any) -> Any:  # noqa: ANN401
    """The same document with enums as json_format knows them."""
    return _map_colours(document, COLOURS.__getitem__)


def _short_enums(document: Any) -> Any:  # noqa: ANN401
    short = {long: name for name, long in COLOURS.items()}
    dropped = _map_colours(document, lambda name: short.get(name, ""))
    return _without_empty_colours(dropped)


def _map_colours(value: Any, rename: Callable[[str], str]) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_map_colours(item, rename) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {}
    for name, member in value.items():
        if name.startswith("known_"):
            renamed[name] = member
        elif name in COLOUR_FIELDS:
            renamed[name] = (
                [rename(item) for item in member]
                if isinstance(member, list)
                else {key: rename(item) for key, item in member.items()}
                if isinstance(member, dict)
                else rename(member)
            )
        else:
            renamed[name] = _map_colours(member, rename)
    return renamed


def _without_empty_colours(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_without_empty_colours(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_empty_colours(member)
        for name, member in value.items()
        if not (name in {"plain_colour", "optional_colour"} and member == "")
    }


@pytest.fixture(scope="module")
def read() -> MessageReader:
    return Readers().message(descriptor())


@pytest.fixture(scope="module")
def write() -> MessageWriter:
    return Writers().message(descriptor())


def _oracle_reads(document: dict[str, Any]) -> Message:
    return json_format.ParseDict(document, message_class()())


def _oracle_writes(message: Message) -> Any:  # noqa: ANN401
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


@UNHURRIED
@given(document=_documents())
def test_reads_every_kind_of_field_as_protojson_does(
    read: MessageReader, document: dict[str, Any]
) -> None:
    ours, theirs = read(document), _oracle_reads(_long_enums(document))
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(
        deterministic=True
    )


@UNHURRIED
@given(document=_documents())
def test_writes_every_kind_of_field_as_protojson_does(
    write: MessageWriter, document: dict[str, Any]
) -> None:
    message = _oracle_reads(_long_enums(document))
    assert write(message) == _short_enums(_oracle_writes(message))


@UNHURRIED
@given(document=_documents())
def test_reads_back_what_it_writes(
    read: MessageReader, write: MessageWriter, document: dict[str, Any]
) -> None:
    message = read(document)
    assert read(write(message)).SerializeToString(deterministic=True) == (
        message.SerializeToString(deterministic=True)
    )


_odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["1", "-1", "01", "1.0", "1e2", "0x1", "1_0", " 1", "true", "NaN", "½", "=="]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
_odd_fields = st.sampled_from(
    [f"{prefix}_{kind}" for kind in SCALARS for prefix in ("plain", "many")]
    + [f"wrapped_{name.lower()}" for name in WRAPPERS]
    + ["known_timestamp", "known_duration", "known_struct", "child", "int32_to_string"]
)


@UNHURRIED
@given(field=_odd_fields, value=_odd_values)
def test_accepts_nothing_that_protojson_refuses(
    read: MessageReader, field: str, value: object
) -> None:
    document = {field: value}
    try:
        ours = read(document)
    except FieldError as error:
        blamed = error.field
    else:
        blamed = field
        theirs = _oracle_reads(document)
        assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(
            deterministic=True
        )
    assert blamed.startswith(field)


@UNHURRIED
@given(value=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_from_its_shortest_text(write: MessageWriter, value: float) -> None:
    message = message_class()(plain_float=value)
    shown = write(message)["plain_float"]
    assert isinstance(shown, float | int)
    assert message_class()(plain_float=shown) == message
    assert len(repr(shown)) <= len(repr(value))


def test_documents_cover_every_field() -> None:
    everything = set(descriptor().fields_by_name)
    covered = FIELDS.keys() | {
        *("child", "children", "string_to_child", "chosen_string", "chosen_int32")
    }
    assert everything == covered
