"""What a PromQL expression asks for: metrics, and the labels by which it picks and groups them.

No parser: promtool decides what is PromQL. This reads names out of what promtool accepts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>\#[^\n]*)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
  | (?P<variable>\$\{?\w+\}?)
  | (?P<number>(?:\d+(?:ms|[smhdwy]))+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)
  | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
  | (?P<sign>=~|!~|!=|==|<=|>=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_GROUPINGS: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan", "atan2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition between braces, its text without quotes."""

    label: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A metric and how its series are picked."""

    metric: str
    matchers: Sequence[Matcher]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What was read; `labels` are those of by, on, group_left and their like."""

    selectors: Sequence[Selector]
    labels: frozenset[str]


def read(text: str) -> Expression:
    """Read an expression.

    Raises:
        ValueError: braces stand without a metric's name before them, or do not end.
    """
    tokens = [
        (str(match.lastgroup), match.group())
        for match in _TOKEN.finditer(text)
        if match.lastgroup not in {"space", "comment"}
    ]
    selectors: list[Selector] = []
    labels: set[str] = set()
    position = 0
    while position < len(tokens):
        kind, word = tokens[position]
        following = tokens[position + 1][1] if position + 1 < len(tokens) else ""
        position += 1
        if kind == "sign" and word == "{":
            raise ValueError(f"a selector without a metric's name: {text}")
        if kind != "name" or word.lower() in _WORDS:
            continue
        if word in _GROUPINGS:
            if following == "(":
                end = _end(tokens, position, ")", text)
                labels.update(name for which, name in tokens[position:end] if which == "name")
                position = end + 1
        elif following == "{":
            end = _end(tokens, position, "}", text)
            matchers = tuple(_matchers(tokens[position + 1 : end]))
            selectors.append(Selector(metric=word, matchers=matchers))
            position = end + 1
        elif following not in {"(", "by", "without"}:
            selectors.append(Selector(metric=word, matchers=()))
    return Expression(selectors=selectors, labels=frozenset(labels))


def alternatives(matcher: Matcher) -> Sequence[str]:
    """Return the texts that a matcher names, those with a pattern in them left out."""
    parts = [matcher.text] if matcher.sign in {"=", "!="} else matcher.text.split("|")
    return [part for part in parts if not set(part) & set(r"*+?[]()\^$")]


def _end(tokens: Sequence[tuple[str, str]], start: int, sign: str, text: str) -> int:
    for position in range(start, len(tokens)):
        if tokens[position][1] == sign:
            return position
    raise ValueError(f"no {sign} in {text}")


def _matchers(tokens: Sequence[tuple[str, str]]) -> Iterator[Matcher]:
    words = [word for _, word in tokens if word != ","]
    for label, sign, quoted in zip(words[::3], words[1::3], words[2::3], strict=True):
        yield Matcher(label=label, sign=sign, text=quoted[1:-1])
