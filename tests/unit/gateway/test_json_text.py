"""Texts that are no JSON, or none that can be relied on, are refused before any field is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.converters.json_text import MAX_DEPTH, JsonTextError, read, write

DEEP = 10_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON (line 1, column 1)"),
        (b"{", "is not JSON (line 1, column 2)"),
        (b"{'a': 1}", "is not JSON (line 1, column 2)"),
        (b'{"a": 1,}', "is not JSON (line 1, column 9)"),
        (b'{"a": 1} {}', "is not JSON (line 1, column 10)"),
        (b'{"a": 01}', "is not JSON (line 1, column 8)"),
        (b'{"a": .5}', "is not JSON (line 1, column 7)"),
        (b'\xef\xbb\xbf{"a": 1}', "is not JSON (line 1, column 1)"),
        (b'{"a": "\x00"}', "is not JSON (line 1, column 8)"),
        (b'{"a": "\n"}', "is not JSON (line 1, column 8)"),
        (b'{"a": NaN}', "holds NaN or Infinity, which JSON does not know"),
        (b'{"a": -Infinity}', "holds NaN or Infinity, which JSON does not know"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number that is too long"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8"),
        (b"[" * DEEP, f"is nested deeper than {MAX_DEPTH} levels"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, f"is nested deeper than {MAX_DEPTH} levels"),
        (b'"' + b"[" * DEEP, "is not JSON (line 1, column 1)"),
    ],
)
def test_refuses(data: bytes, message: str) -> None:
    with pytest.raises(JsonTextError) as caught:
        read(data)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '{"b": {"a": 1, "c": 2, "a": null}}', '[{"a": 1, "\\u0061": 2}]']
)
def test_refuses_a_name_that_stands_twice_in_an_object(text: str) -> None:
    with pytest.raises(JsonTextError) as caught:
        read(text.encode())
    assert caught.value.name == "a"


def test_brackets_inside_strings_are_not_nesting() -> None:
    text = "[" * 100 + '\\"{'
    assert read(write({"a": text}).encode()) == {"a": text}


def test_nesting_is_allowed_to_its_limit() -> None:
    assert read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(JsonTextError):
        read(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize("unit", [b'"\\', b'\\"', b'["', b'"[\\"', b"[]", b'"'])
def test_hostile_text_is_scanned_in_one_pass(unit: bytes) -> None:
    # Quadratic behaviour would take minutes for a body of this size.
    with pytest.raises(JsonTextError):
        read(b'["' + b"[" * (MAX_DEPTH + 1) + b'",' + unit * 100_000)


_text = st.text(st.characters(exclude_categories=["Cs"]))
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | _numbers | _text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
        max_leaves=20,
    )
)
def test_reads_what_it_writes_in_one_line(document: object) -> None:
    text = write(document)
    assert "\n" not in text
    assert read(text.encode()) == document
