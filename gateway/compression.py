"""Answers as gzip, for those who ask for it and where it pays.

Never for an answer that holds a token or a secret: how well a secret compresses beside what a
stranger chose tells what it is (BREACH). Whoever calls here has seen to that.
"""

import gzip
import re
import zlib
from typing import Final

from aiohttp import hdrs

from gateway.exchange import Exchange
from gateway.middleware.cors import vary

_CODING: Final = "gzip"
_LEVEL: Final = 4
"""Of 9: most of the gain for a third of the time."""
_GZIP_WINDOW: Final = 31  # zlib's word for the largest window in gzip's format

_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


class LineCompressor:
    """Compresses a stream so that each part can be read as soon as it has arrived."""

    def __init__(self) -> None:
        """Begin."""
        self._compressor = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)

    def add(self, part: bytes) -> bytes:
        """The bytes to send for a part."""
        return self._compressor.compress(part) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        """The bytes to send last."""
        return self._compressor.flush()


class Compression:
    """Decides by the size of an answer and by Accept-Encoding, and says so in the headers."""

    def __init__(self, min_bytes: int) -> None:
        """Take the size from which it pays; 0: it never does."""
        self._min_bytes = min_bytes

    def whole(self, exchange: Exchange, headers: dict[str, str], body: bytes) -> bytes:
        """The body to send."""
        if not 0 < self._min_bytes <= len(body) or not self._begins(exchange, headers):
            return body
        return gzip.compress(body, _LEVEL, mtime=0)

    def stream(self, exchange: Exchange, headers: dict[str, str]) -> LineCompressor | None:
        """What compresses the lines to send; None where they go as they are."""
        if not self._min_bytes or not self._begins(exchange, headers):
            return None
        return LineCompressor()

    def _begins(self, exchange: Exchange, headers: dict[str, str]) -> bool:
        vary(headers, hdrs.ACCEPT_ENCODING)
        accepted = exchange.request.headers.getall(hdrs.ACCEPT_ENCODING, None)
        if not accepted or not accepts_gzip(",".join(accepted)):
            return False
        headers[hdrs.CONTENT_ENCODING] = _CODING
        return True


def accepts_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding prefers gzip to nothing at all (RFC 9110 section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        name, _, value = parameter.partition("=")
        weight = value.strip() if name.strip() == "q" else "0" if parameter.strip() else "1"
        weights[coding.strip()] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    wanted = weights.get(_CODING, weights.get("x-gzip", weights.get("*", 0.0)))
    return wanted > 0 and wanted >= weights.get("identity", 0.0)
