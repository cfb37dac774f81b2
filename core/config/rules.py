"""What a setting's value has to obey. A complaint never repeats the value: it may be a secret."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

UNIX_SOCKET_PEER = "unix:"
"""Stands for «whoever can open the server's Unix socket» among trusted peers."""

_URI = re.compile(r"[a-z][a-z0-9+.-]*://[!-+\-./-~]+")  # no comma: it splits lists
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Rule(Protocol):
    """One condition on a value that has the right type already."""

    def complaint(self, value: object) -> str | None:
        """Return what the value must be, or None if it is."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """A number within bounds, both included."""

    least: float
    most: float

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        if isinstance(value, int | float) and self.least <= value <= self.most:
            return None
        return f"must lie between {self.least} and {self.most}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        return None if value in self.words else f"must be one of {', '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Shape:
    """Text that matches a pattern as a whole; `meaning` puts the pattern into words."""

    pattern: str
    meaning: str

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return None
        return f"must be {self.meaning}"


@dataclass(frozen=True, slots=True)
class Host:
    """A host name or an IP address, without a port."""

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        if isinstance(value, str) and (_HOST.fullmatch(value) or _is_address(value)):
            return None
        return "must be a host name or an IP address, without a port"


@dataclass(frozen=True, slots=True)
class Url:
    """Scheme, host and perhaps port and path; user information and queries could hide secrets."""

    schemes: tuple[str, ...]

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        if isinstance(value, str) and self._is_plain(value):
            return None
        schemes = " or ".join(self.schemes)
        return f"must be a URL ({schemes}) with a host and without user, query or fragment"

    def _is_plain(self, text: str) -> bool:
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            return False
        extras = "@" in parts.netloc or "?" in text or "#" in text
        return parts.scheme in self.schemes and bool(parts.hostname) and port != 0 and not extras


@dataclass(frozen=True, slots=True)
class Networks:
    """Networks in CIDR notation."""

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        if isinstance(value, tuple) and all(_is_network(item) for item in value):
            return None
        return "must be a list of networks (such as 10.0.0.0/8)"


@dataclass(frozen=True, slots=True)
class Peers:
    """Networks in CIDR notation, URIs of client certificates, and `unix:`."""

    def complaint(self, value: object) -> str | None:
        """See Rule."""
        if isinstance(value, tuple) and all(self._is_peer(item) for item in value):
            return None
        return f"must be a list of networks (such as 10.0.0.0/8), URIs or {UNIX_SOCKET_PEER}"

    @staticmethod
    def _is_peer(item: object) -> bool:
        return item == UNIX_SOCKET_PEER or is_uri(item) or _is_network(item)


def is_uri(text: object) -> bool:
    """Tell whether a text can stand in a certificate as a URI with a host."""
    return isinstance(text, str) and _URI.fullmatch(text) is not None


def _is_network(item: object) -> bool:
    try:
        ipaddress.ip_network(str(item))
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
