r"""What could be an original value within a cell.

A cell is looked at as a whole; and within it every text of a JSON document, every element of an
array, everything that looks like an e-mail address, a UUID, an IP address or a long hexadecimal
number, and every run of up to six words. Letter case does not count.

Missed are values that were encoded (base64, say), cut, or written with other words in between, and
originals of fewer than four characters, which any text may hold by chance.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

SHORTEST: Final = 4

_INNER: Final = re.compile(
    r"[^\s@\"'<>,;()\[\]{}]+@[^\s@\"'<>,;()\[\]{}]+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{32,64}"
    r"|\d{1,3}(?:\.\d{1,3}){3}"
    r"|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}",
    re.IGNORECASE,
)
_WORDS_AT_ONCE: Final = 6
_TRIMMED: Final = ".,;:!?\"'()[]{}"


def normal(text: str) -> str:
    """Return the form in which values are compared."""
    return text.casefold().removeprefix("\\x")


def tokens(cell: str) -> Iterator[str]:
    """Yield every candidate of a cell, in its form for comparing."""
    text = normal(cell)
    yield text
    if text.startswith(("{", "[")):
        yield from _structured(cell)
    # A plain id, number or word holds nothing but itself.
    if text.isalnum():
        return
    if "@" in text or "-" in text or "." in text or ":" in text or " " in text or "_" in text:
        yield from _INNER.findall(text)
    if " " in text:
        yield from _runs(text.split())


def _structured(cell: str) -> Iterator[str]:
    try:
        document = json.loads(cell)
    except ValueError:
        # An array as PostgreSQL writes it; an element with a comma in it is in quotes.
        for element in re.findall(r'"((?:[^"\\]|\\.)*)"|([^{},"]+)', cell):
            yield from tokens((element[0] or element[1]).replace("\\", ""))
        return
    yield from _texts(document)


def _texts(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                yield from tokens(key)
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case str():
            yield from tokens(value)
        case int() | float():
            yield str(value)
        case _:
            return


def _runs(words: list[str]) -> Iterator[str]:
    for first in range(len(words)):
        for count in range(1, min(_WORDS_AT_ONCE, len(words) - first) + 1):
            run = " ".join(words[first : first + count])
            yield run
            trimmed = run.strip(_TRIMMED)
            if trimmed != run:
                yield trimmed
