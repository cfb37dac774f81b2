"""Which service of the platform a client certificate's URI stands for."""

import re
from dataclasses import dataclass
from typing import Self

from core.config.rules import is_uri

_NAME = re.compile(r"[a-z][a-z0-9-]{1,62}")
_RPC = re.compile(r"[A-Z][A-Za-z0-9]*/[A-Z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceIdentity:
    """A certificate's URI, the service's name, and the only RPCs that it may call; None: all."""

    uri: str
    name: str
    rpcs: frozenset[str] | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `URI NAME [RPC …]`.

        Raises:
            ValueError: it is written otherwise.
        """
        uri, name, *rpcs = text.split()
        if not is_uri(uri) or not _NAME.fullmatch(name) or not all(map(_RPC.fullmatch, rpcs)):
            raise ValueError("not of the form")
        return cls(uri=uri, name=name, rpcs=frozenset(rpcs) or None)


@dataclass(frozen=True, slots=True)
class ServiceIdentities:
    """Rule: a list of identities, no URI twice."""

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        texts = value if isinstance(value, tuple) else ()
        try:
            found = [ServiceIdentity.parse(text) for text in texts]
        except ValueError:
            return "must be a list of «URI NAME [Service/Rpc …]»"
        if len({identity.uri for identity in found}) != len(found):
            return "must name each URI once"
        return None
