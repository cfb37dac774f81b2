"""Why a TLS connection did not come about, in words of our own: a driver's text may quote more."""

import re
from typing import Final

_WORDS: Final = (
    (
        r"mismatch, certificate|does not match host name|doesn't match",
        "certificate of another host",
    ),
    (r"certificate has expired", "certificate has expired"),
    (r"certificate verify failed", "certificate not trusted"),
    (r"does not support SSL|wrong version number|record layer failure", "it speaks no TLS"),
    (r"accepts no unencrypted|no encryption", "it wants TLS"),
)
"""What OpenSSL and libpq say, the more precise first."""


def tls_trouble(error: BaseException) -> str | None:
    """Return what is wrong with the other side's TLS; None if that is not what an error says."""
    text = str(error)
    return next((words for pattern, words in _WORDS if re.search(pattern, text)), None)
