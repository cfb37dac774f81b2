"""Tokens whose signature has been verified, remembered until they expire.

A client sends the same token at every call of its fifteen minutes, and the signature stays what it
is: what is remembered is that, and nothing that changes. Expiry, the key's own validity and the
state of session and user are looked at in every call.
"""

from collections.abc import Hashable
from hashlib import sha256
from typing import Generic, TypeVar

V = TypeVar("V")

_CAPACITY = 16_384


class VerifiedTokens(Generic[V]):
    """Remembers by digest, so that memory holds no token that lets anybody in.

    `capacity` tokens at most; the oldest gives way.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._known: dict[Hashable, V] = {}

    def get(self, token: str) -> V | None:
        """Return what was found out about a token."""
        return self._known.get(_digest(token))

    def put(self, token: str, value: V) -> None:
        """Remember what was found out about a token."""
        digest = _digest(token)
        self._known.pop(digest, None)
        while len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]
        self._known[digest] = value

    def forget(self, token: str) -> None:
        """Forget a token that is worth nothing any more."""
        self._known.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
