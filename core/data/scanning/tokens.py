r"""What could be an original value within a cell.

A cell is taken as a whole; and with it every text, name and number of a JSON document, every
element of an array, and bytes that spell a text. Within each of these everything that looks like an
e-mail address, a UUID, an IP address or a long hexadecimal number counts, and every run of up to
six words. Letter case does not.

Missed are values that were encoded (base64, say), cut, or written with other words in between, and
originals of fewer than four characters, which any text may hold by chance.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

SHORTEST: Final = 4

_ADDRESS: Final = re.compile(r"[^\s@\"'<>,;()\[\]{}]+@[^\s@\"'<>,;()\[\]{}]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{32,64}")
_IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_IPV6: Final = re.compile(r"[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}")
_ELEMENT: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^{},"]+)')
_BYTES: Final = re.compile(r"\\x(?:[0-9a-f]{2})+")
_WORDS_AT_ONCE: Final = 6
_TRIMMED: Final = ".,;:!?\"'()[]{}"
_UUID_HYPHENS: Final = 4
_IPV4_POINTS: Final = 3
_IPV6_COLONS: Final = 2
_UUID_CHARACTERS: Final = 36

# Numbers stay as they are spelled.
_read: Final = json.JSONDecoder(parse_float=str, parse_int=str).decode


def normal(text: str) -> str:
    """Return the form in which values are compared."""
    return text.casefold().removeprefix("\\x")


def pieces(cell: str) -> Iterator[tuple[str, bool]]:
    """Yield a cell and every text within its structure; and whether to look into it, too.

    Within a document the texts count; what stands between them does not.
    """
    if cell.startswith(("{", "[", '"')):
        yield from _structured(cell)
        return
    yield cell, True
    if cell.startswith("\\x") and _BYTES.fullmatch(cell):
        yield from _spelled(cell)


def tokens(piece: str) -> Iterator[str]:
    """Yield every candidate within a piece, in its form for comparing."""
    text = normal(piece)
    yield text
    # A plain id, number or word holds nothing but itself.
    if text.isalnum() or (len(text) == _UUID_CHARACTERS and _UUID.fullmatch(text)):
        return
    if "@" in text:
        yield from _ADDRESS.findall(text)
    if text.count("-") >= _UUID_HYPHENS:
        yield from _UUID.findall(text)
    if text.count(".") >= _IPV4_POINTS:
        yield from _IPV4.findall(text)
    if text.count(":") >= _IPV6_COLONS:
        yield from _IPV6.findall(text)
    yield from _HEXADECIMAL.findall(text)
    if " " in text or not text.isprintable():
        yield from _runs(text.split())


def _structured(cell: str) -> Iterator[tuple[str, bool]]:
    try:
        document = _read(cell)
    except (ValueError, RecursionError):
        yield cell, True
        # An array as PostgreSQL writes it; an element with a comma in it is in quotes.
        for quoted, plain in _ELEMENT.findall(cell):
            element = (quoted or plain).replace("\\", "")
            yield from pieces(element) if len(element) < len(cell) else ((element, True),)
        return
    yield cell, False
    yield from _texts(document)


def _spelled(cell: str) -> Iterator[tuple[str, bool]]:
    try:
        text = bytes.fromhex(cell[2:]).decode()
    except UnicodeDecodeError:
        return
    yield from pieces(text)


def _texts(value: object) -> Iterator[tuple[str, bool]]:
    match value:
        case dict():
            for key, item in value.items():
                yield key, True
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case str():
            yield from pieces(value)
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
