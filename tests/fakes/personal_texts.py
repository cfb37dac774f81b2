"""Sealing of personal texts in memory: it hides nothing, but keeps the port's word."""

import base64
import hashlib
import json
from uuid import UUID

from core.domain.personal_key import PersonalKey, SealBroken, TextPlace


class FakePersonalTexts:
    """Implements the port PersonalTexts; a checksum stands for the authentication."""

    def seal(self, text: str, *, salt: bytes, place: TextPlace) -> str:
        content = json.dumps([text, _checksum(text, salt, place)]).encode()
        return _prefix(salt) + base64.urlsafe_b64encode(content).decode().rstrip("=")

    def open(self, sealed: str, *, salt: bytes | None, place: TextPlace) -> str | None:
        kind, encoded = sealed[:3], sealed[3:]
        if kind == "p1." and not salt:
            return None
        used = salt if kind == "p1." and salt else b""
        if kind != _prefix(used):
            raise SealBroken
        try:
            text, checksum = json.loads(
                base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            )
        except ValueError:
            raise SealBroken from None
        if checksum != _checksum(text, used, place):
            raise SealBroken
        return str(text)


def fake_key(user_id: UUID) -> PersonalKey:
    """Return the key of a person who exists."""
    return PersonalKey(owner=user_id, salt=hashlib.sha256(user_id.bytes).digest())


def _prefix(salt: bytes) -> str:
    return "p1." if salt else "n1."


def _checksum(text: str, salt: bytes, place: TextPlace) -> str:
    parts = (text.encode(), salt, place.row_id.bytes, place.field.encode())
    return hashlib.sha256(b"".join(map(_framed, parts))).hexdigest()


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part
