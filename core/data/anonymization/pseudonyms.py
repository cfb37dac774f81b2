"""Keyed pseudonyms: equal values become equal ones, and without the key nobody finds the way back.

The key is the clone's own, and 256 bits long: values cannot be tried out, however few there are.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final

from core.data.anonymization.agents import agent_class
from core.domain.email_address import email_key
from core.domain.unicode_text import folded

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_REMEMBERED: Final = 200_000
_SERVICE: Final = "service:"
_TIME_AND_ORDER: Final = 0xFFFF_FFFF_FFFF_FFFF << 64
_VARIANT: Final = 0b10 << 62
_RANDOM_B: Final = (1 << 62) - 1
_VERSION_7: Final = 7
_VERSION_8: Final = 8 << 76


class Pseudonyms:
    """Makes pseudonyms of values that are there; what is missing stays missing."""

    def __init__(self, key: bytes, *, password_hash: str) -> None:
        """Take the key, and the one hash that stands for every password.

        Raises:
            ValueError: the key is shorter than 32 bytes.
        """
        if len(key) < 32:  # noqa: PLR2004 - bytes
            raise ValueError("pseudonyms need a key of 32 bytes")
        self._key = key
        self._password_hash = password_hash
        # The same person stands in many rows, which come one after the other more often than not.
        self.id = lru_cache(_REMEMBERED)(self._id)
        self.address = lru_cache(_REMEMBERED)(self._address)

    @property
    def mark(self) -> str:
        """What tells this key from another one, and nothing about it; lower-case hex."""
        return self._mac("mark", "clone").hex()

    def _id(self, text: str) -> str:
        """Return another UUID. One of version 7 keeps its time and its place within the moment."""
        number = int(text.replace("-", ""), 16)
        mac = int.from_bytes(self._mac("id", text.lower())[:16])
        if number >> 76 & 0xF == _VERSION_7:
            other = number & _TIME_AND_ORDER | _VARIANT | mac & _RANDOM_B
        else:
            other = mac & ~(0xF << 76 | 0b11 << 62) | _VERSION_8 | _VARIANT
        digits = f"{other:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def email(self, text: str) -> str:
        """Return an address that reaches nobody; two spellings of one address have one."""
        return self.email_key(email_key(text))

    def email_key(self, text: str) -> str:
        """Return the comparison form of that address."""
        return f"p{self._letters('email', text, 26)}@example.com".lower()

    def name(self, text: str) -> str:
        """Return a name that nobody has; names that differ in letter case alone have one."""
        return f"Person {self._letters('name', folded(text), 16)}"

    def name_key(self, text: str) -> str:
        """Return the search form of that name."""
        return folded(f"Person {self._letters('name', text, 16)}")

    def _address(self, text: str) -> str:
        """Return a documentation address (RFC 3849): equal networks stay equal."""
        plain = text.partition("%")[0]
        family, site, kept = (AF_INET6, "6", 6) if ":" in plain else (AF_INET, "4", 3)
        try:
            packed = inet_pton(family, plain)
        except (OSError, ValueError):
            return self.text(text)
        network = inet_ntop(family, packed[:kept].ljust(len(packed), b"\0"))
        near = self._mac("network", f"{network}/{kept * 8}").hex()
        far = self._mac("address", inet_ntop(family, packed)).hex()
        groups = (near[:4], near[4:8], far[:4], far[4:8], far[8:12])
        other = inet_pton(AF_INET6, f"2001:db8:{site}:{':'.join(groups)}")
        return inet_ntop(AF_INET6, other)

    def agent(self, text: str) -> str:
        """Return the kind of program, and nothing of its version or its device."""
        return agent_class(text)

    def text(self, text: str) -> str:
        """Return what stands for a text that a person wrote."""
        return f"text-{self._letters('text', text, 26)}"

    def digest(self, text: str) -> str:
        """Return another digest of 64 hexadecimal digits."""
        return self._mac("digest", text).hex()

    def salt(self, text: str) -> str:
        """Return another salt, as bytea is written."""
        return f"\\x{self.new_salt(bytes.fromhex(text.removeprefix(chr(92) + 'x'))).hex()}"

    def new_salt(self, salt: bytes) -> bytes:
        """Return the salt that takes the place of another one; 32 bytes."""
        return hmac.digest(self._key, b"salt\0" + salt, hashlib.sha256)

    def trace_id(self, text: str) -> str:
        """Return another trace id, so that no trace of production leads to a person."""
        return self._mac("trace", text).hex()[:32]

    def request_id(self, text: str) -> str:
        """Return another id of a request; a UUID stays one."""
        return self.id(text) if is_uuid(text) else f"r-{self._letters('request', text, 26)}"

    def traceparent(self, text: str) -> str:
        """Return another W3C traceparent, with the same flags."""
        found = _TRACEPARENT.fullmatch(text)
        if found is None:
            return f"00-{self.trace_id(text)}-{self._mac('span', text).hex()[:16]}-00"
        version, trace, span, flags = found.groups()
        return f"{version}-{self.trace_id(trace)}-{self._mac('span', span).hex()[:16]}-{flags}"

    def actor(self, text: str) -> str:
        """Return who did something: another id for a person; services keep their names."""
        if is_uuid(text):
            return self.id(text)
        return text if is_service(text) else self.text(text)

    def password(self, text: str) -> str:
        """Return the one hash that nobody knows a password of."""
        del text
        return self._password_hash

    def sealed_secret(self, text: str) -> str:
        """Return what has the form of a sealed secret, and cannot be opened."""
        return f"vault:v1:{self._letters('secret', text, 26)}"

    def _letters(self, purpose: str, text: str, count: int) -> str:
        return b32encode(self._mac(purpose, text)).decode()[:count]

    def _mac(self, purpose: str, text: str) -> bytes:
        message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256)


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID with hyphens."""
    return len(text) == 36 and _UUID.fullmatch(text) is not None  # noqa: PLR2004 - characters


def is_service(text: str) -> bool:
    """Tell whether an actor is a service, or the system; their names stay."""
    return text.startswith(_SERVICE) or text in {"system", "user"}
