"""Percent-encoding (RFC 3986 section 2.1), undone once and strictly."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class MalformedTextError(Exception):
    """A percent-encoding is broken, or what it encodes is not UTF-8."""


def decode(text: str) -> str:
    """Undo percent-encoding once. Raises MalformedTextError."""
    if "%" not in text and text.isascii():
        return text
    if _BROKEN_ESCAPE.search(text):
        raise MalformedTextError
    try:
        # The parser hands bytes that are not UTF-8 on as lone surrogates.
        return unquote_to_bytes(text.encode(errors="surrogateescape")).decode()
    except UnicodeError:
        raise MalformedTextError from None
