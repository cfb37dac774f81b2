r"""Regular expressions of RE2 (protovalidate) as ECMA-262's with the flag `u` (JSON Schema).

The two agree in most; where they do not, what comes out says the same in both, and in Python's
`re`: `\s` is ASCII in RE2, `.` is everything but a line feed, and RE2 lets any punctuation
be escaped. https://github.com/google/re2/wiki/Syntax
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_TOKEN: Final = re.compile(
    r"""\\x\{(?P<code>[0-9A-Fa-f]{1,6})\}     # a code point
      | \\(?P<property>[pP](?:\{\^?\w+\}|[A-Z]))
      | \\(?P<escaped>x[0-9A-Fa-f]{2}|.)
      | \[\[?:(?P<posix>\^?\w+):\]           # only inside of a class
      | \(\?(?P<group>P?<\w+>|:|[a-zA-Z-]+[:)])
      | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)
# What an escaped letter stands for, outside of a class and inside.
_CLASSES: Final[Mapping[str, str]] = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t\n\f\r ",
}
_SAME: Final = frozenset("tnrfvbB")
_RENAMED: Final[Mapping[str, str]] = {"a": r"\x07", "A": "^", "z": "$"}
_SYNTAX: Final = frozenset(r"^$\.*+?()[]{}|/")


class UnsupportedPatternError(ValueError):
    """A pattern holds what is not translated; it is described by its own text instead."""


def to_ecma(pattern: str) -> str:
    """Translate a pattern. Raises UnsupportedPatternError."""
    return "".join(_translate(pattern))


def literal(text: str) -> str:
    """A pattern that matches exactly this text."""
    return "".join("\\" + char if char in _SYNTAX else char for char in text)


def _translate(pattern: str) -> Iterator[str]:
    in_class = False
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup or "", token[token.lastgroup or 0]
        match kind:
            case "plain":
                if text == "." and not in_class:
                    yield r"[^\n]"
                    continue
                if text == "[" and in_class:
                    # A bracket inside of a class is plain in RE2, and must be escaped under `u`.
                    yield r"\["
                    continue
                in_class = text == "[" or (in_class and text != "]")
                yield text
            case "escaped":
                yield _escape(text, in_class=in_class)
            case "code":
                yield f"\\u{{{text}}}"
            case "group" if text == ":":
                yield "(?:"
            case "group" if text.endswith(">"):
                yield "(?" + text.removeprefix("P")
            case _:
                raise UnsupportedPatternError(pattern)


def _escape(text: str, *, in_class: bool) -> str:
    if text[0] == "x" or text in _SAME:
        return "\\" + text
    if text in _RENAMED and not in_class:
        return _RENAMED[text]
    if text.lower() in _CLASSES:
        members = _CLASSES[text.lower()]
        if text.islower():
            return members if in_class else f"[{members}]"
        if not in_class:
            return f"[^{members}]"
    elif not text.isalnum():
        needed = text in _SYNTAX or (in_class and text == "-")
        return "\\" + text if needed else text
    raise UnsupportedPatternError(text)
