"""Strict JSON text: what `json` lets pass by default and a public door must not, is refused."""

import json
import re
from typing import NoReturn

MAX_DEPTH = 32
"""Levels of arrays and objects; protobuf itself gives up at 100 messages, three to a level."""

# A string is one token, so that brackets inside it do not count. Every token ends where it ends
# (possessive; a cut-off string reaches to the end), which keeps the scan linear on hostile text.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class JsonTextError(ValueError):
    """A text is not JSON as RFC 8259 defines it, or not one that can be relied on.

    `name` is the member that stands twice, where that is the trouble.
    """

    def __init__(self, message: str, *, name: str | None = None) -> None:
        """Complete the sentence "the body …"."""
        super().__init__(message)
        self.message = message
        self.name = name


def read(data: bytes) -> object:
    """Parse UTF-8 JSON into dict, list, str, int, float, bool and None.

    Raises JsonTextError: not UTF-8 (RFC 8259 section 8.1), not JSON, a name twice in one object
    (RFC 7493 section 2.3), NaN or Infinity, a number of absurd length, more than MAX_DEPTH levels.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise JsonTextError("is not UTF-8") from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _refuse_deep(text)
    try:
        document: object = _DECODER.decode(text)
    except JsonTextError:
        raise
    except json.JSONDecodeError as error:
        message = f"is not JSON (line {error.lineno}, column {error.colno})"
        raise JsonTextError(message) from None
    except ValueError:
        # The interpreter's own limit on the digits of an integer.
        raise JsonTextError("holds a number that is too long") from None
    return document


def write(document: object) -> str:
    """Make compact JSON text; it holds no line break, as NDJSON asks for."""
    return _ENCODER.encode(document)


def _refuse_deep(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        match token.group():
            case "[" | "{":
                depth += 1
                if depth > MAX_DEPTH:
                    raise JsonTextError(f"is nested deeper than {MAX_DEPTH} levels")
            case "]" | "}":
                depth -= 1
            case _:
                pass


def _unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise JsonTextError("names a member twice", name=name)
            seen.add(name)
    return members


def _refuse_constant(_constant: str) -> NoReturn:
    raise JsonTextError("holds NaN or Infinity, which JSON does not know")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_names, parse_constant=_refuse_constant)
# What is written was made by a converter, which makes no circles.
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)
