"""Signed notes in the form of C2SP (c2sp.org/signed-note), with Ed25519 keys.

A note is a text of lines, an empty line, and lines of signatures. Anyone can check one with the
key's line in the form of the same specification: `NAME+ID+BASE64(0x01 || key)`.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

MARK: Final = "\u2014 "
"""Begins each line of a signature."""

KEY_ID_BYTES: Final = 4

_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64


class NoteRefused(ValueError):
    """A text is no note of the expected form, or a line is no key; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """Four bytes that name a key (`VerifierKey.key_id`), and 64 of Ed25519."""

    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> "NoteSignature":
        """Return the signature that was joined.

        Raises:
            NoteRefused: it is none.
        """
        if len(data) != KEY_ID_BYTES + _SIGNATURE_BYTES:
            raise NoteRefused("a signature has 68 bytes")
        return cls(key_id=data[:KEY_ID_BYTES], signature=data[KEY_ID_BYTES:])

    def joined(self) -> bytes:
        """Return both parts, one after the other."""
        return self.key_id + self.signature


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key; `version` is Vault's number of it, None where only its line is known."""

    name: str
    key: bytes
    version: int | None = None

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each signature of the key."""
        digest = hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()
        return digest[:KEY_ID_BYTES]

    def line(self) -> str:
        """Return the key in one line."""
        return f"{self.name}+{self.key_id.hex()}+{encoded(_ED25519 + self.key)}"

    @classmethod
    def parse(cls, line: str) -> "VerifierKey":
        """Return the key of a line.

        Raises:
            NoteRefused: it is none.
        """
        name, _, rest = line.partition("+")
        key_id, _, text = rest.partition("+")
        data = decoded(text)
        if data[:1] != _ED25519 or len(data) != 1 + _KEY_BYTES:
            raise NoteRefused("a key is written as NAME+ID+BASE64, of type Ed25519")
        key = cls(name=name, key=data[1:])
        if key.key_id.hex() != key_id:
            raise NoteRefused("a key's name and id do not fit together")
        return key


class SignatureCheck(Protocol):
    """Tells whether an Ed25519 signature on a message is a key's (all raw bytes)."""

    def __call__(self, key: bytes, message: bytes, signature: bytes) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Public keys by the ids that signatures name them by."""

    by_id: Mapping[bytes, Sequence[VerifierKey]]

    @classmethod
    def of(cls, keys: Iterable[VerifierKey]) -> "KeyRing":
        """Gather keys."""
        by_id: dict[bytes, list[VerifierKey]] = {}
        for key in keys:
            by_id.setdefault(key.key_id, []).append(key)
        return cls(by_id)

    def signer(
        self, text: str, name: str, signed: NoteSignature, check: SignatureCheck
    ) -> VerifierKey | None:
        """Return the key of this name that signed a text, or None."""
        for key in self.by_id.get(signed.key_id, ()):
            if key.name == name and check(key.key, text.encode(), signed.signature):
                return key
        return None


def write_note(text: str, name: str, signature: NoteSignature) -> str:
    """Return a text of whole lines with its signature."""
    return f"{text}\n{MARK}{name} {encoded(signature.joined())}\n"


def read_note(note: str) -> tuple[str, Mapping[str, NoteSignature]]:
    """Return a note's text and its signatures by name; nothing is verified.

    Raises:
        NoteRefused: it is no note.
    """
    text, separator, lines = note.partition("\n\n")
    if not separator:
        raise NoteRefused("a note has an empty line before its signatures")
    signatures: dict[str, NoteSignature] = {}
    for line in lines.splitlines():
        name, _, data = line.removeprefix(MARK).rpartition(" ")
        if not line.startswith(MARK) or not name:
            raise NoteRefused("a line of a signature is no such line")
        signatures[name] = NoteSignature.parse(decoded(data))
    return text + "\n", signatures


def encoded(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """Return what base64 stands for.

    Raises:
        NoteRefused: the text is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteRefused("the text is not base64") from None
