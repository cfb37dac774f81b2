"""Which of aiohttp's two parsers reads requests."""

from typing import Final

from aiohttp.http import HttpRequestParser

_STRICT: Final = "aiohttp._http_parser"


class LenientParserError(Exception):
    """aiohttp would read requests with its parser in Python."""


def require_strict_parser() -> None:
    """Raise LenientParserError unless requests are read by aiohttp's parser in C (llhttp).

    The other one accepts framing that this one refuses, and whoever stands before the gateway may
    understand differently: `chunked` twice, a length in the trailers, line ends in extensions.
    """
    if HttpRequestParser.__module__ != _STRICT:
        raise LenientParserError("aiohttp is installed without its parser in C")
