"""Scalar values: JSON to what a protobuf constructor takes, and back."""

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from typing import Final

from google.protobuf.descriptor import FieldDescriptor as Field

from gateway.converters.field_error import FieldError

Read = Callable[[object], object]
"""Reads a JSON value; raises FieldError."""
Write = Callable[..., object]
"""Makes a JSON value of a protobuf value, or OMITTED."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,19})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LARGEST_FLOAT = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
_FEWEST_FLOAT_DIGITS, _MOST_FLOAT_DIGITS = 6, 9


def read_string(value: object) -> str:
    """Any text that UTF-8 can hold; NUL is left to validation."""
    if not isinstance(value, str):
        raise FieldError("type", "must be a string")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise FieldError("encoding", "must not hold a lone surrogate") from None
    return value


def read_bool(value: object) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise FieldError("type", "must be true or false")
    return value


def read_bool_text(value: object) -> bool:
    """`true` or `false` as text: in a query, and as the key of a map."""
    if value not in {"true", "false"}:
        raise FieldError("type", "must be true or false")
    return value == "true"


def read_bytes(value: object) -> bytes:
    """Base64 in the standard or the URL alphabet, with or without padding."""
    if not isinstance(value, str):
        raise FieldError("type", "must be a base64 string")
    text = value.translate(_TO_STANDARD_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise FieldError("type", "must be a base64 string") from None


def integer_reader(bits: int, *, signed: bool) -> Read:
    """A number without a fraction, or its decimal text; 1.0 and 1e2 count (proto3 JSON)."""
    minimum = -(2 ** (bits - 1)) if signed else 0
    maximum = 2 ** (bits - 1 if signed else bits) - 1

    def read(value: object) -> int:
        if type(value) is int:
            number = value
        elif (isinstance(value, float) and value.is_integer()) or (
            isinstance(value, str) and _INTEGER.fullmatch(value)
        ):
            number = int(value)
        else:
            raise FieldError("type", "must be an integer")
        if not minimum <= number <= maximum:
            raise FieldError("range", f"must lie between {minimum} and {maximum}")
        return number

    return read


def read_double(value: object) -> float:
    """A number, its decimal text, or one of the names of what JSON cannot write."""
    number = _number(value)
    if math.isinf(number) and value not in _NOT_FINITE:
        raise FieldError("range", "is too large for a double")
    return number


def read_float(value: object) -> float:
    """As read_double, within single precision."""
    number = read_double(value)
    if math.isfinite(number) and abs(number) > _LARGEST_FLOAT:
        raise FieldError("range", "is too large for a float")
    return number


def write_double(value: float) -> object:
    """A JSON number, or the name of what JSON cannot write."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def write_float(value: float) -> object:
    """The shortest decimal that reads back as the same single-precision number."""
    if math.isfinite(value):
        for digits in range(_FEWEST_FLOAT_DIGITS, _MOST_FLOAT_DIGITS + 1):
            shorter = float(f"{value:.{digits}g}")
            if abs(shorter) <= _LARGEST_FLOAT and _single(shorter) == value:
                return shorter
    return write_double(value)


def write_bytes(value: bytes) -> str:
    """Base64 in the standard alphabet, padded."""
    return base64.b64encode(value).decode("ascii")


def _number(value: object) -> float:
    try:
        match value:
            case bool():
                pass
            case int() | float():
                return float(value)
            case str() if value in _NOT_FINITE:
                return _NOT_FINITE[value]
            case str() if _DECIMAL.fullmatch(value):
                return float(value)
    except OverflowError:
        raise FieldError("range", "is too large for a double") from None
    raise FieldError("type", "must be a number")


def _single(value: float) -> float:
    number: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return number


_TO_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_INT32, _INT64 = integer_reader(32, signed=True), integer_reader(64, signed=True)
_UINT32, _UINT64 = integer_reader(32, signed=False), integer_reader(64, signed=False)

READERS: Final[Mapping[int, Read]] = {
    Field.TYPE_STRING: read_string,
    Field.TYPE_BOOL: read_bool,
    Field.TYPE_BYTES: read_bytes,
    Field.TYPE_DOUBLE: read_double,
    Field.TYPE_FLOAT: read_float,
    **dict.fromkeys((Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32), _INT32),
    **dict.fromkeys((Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64), _INT64),
    **dict.fromkeys((Field.TYPE_UINT32, Field.TYPE_FIXED32), _UINT32),
    **dict.fromkeys((Field.TYPE_UINT64, Field.TYPE_FIXED64), _UINT64),
}
"""By the number of the field's type; enums and messages are built from their descriptors."""

WRITERS: Final[Mapping[int, Write]] = {
    Field.TYPE_BYTES: write_bytes,
    Field.TYPE_DOUBLE: write_double,
    Field.TYPE_FLOAT: write_float,
    # A 64-bit integer is text: JavaScript's numbers end at 2**53 (proto3 JSON).
    **dict.fromkeys(
        (
            Field.TYPE_INT64,
            Field.TYPE_SINT64,
            Field.TYPE_SFIXED64,
            Field.TYPE_UINT64,
            Field.TYPE_FIXED64,
        ),
        str,
    ),
}
"""By the number of the field's type; a type that is not here is written as it is."""
