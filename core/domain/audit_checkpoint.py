"""Checkpoints of the audit log: one signed note for each seal (c2sp.org/tlog-checkpoint).

The first three lines are the specification's: origin, number of leaves, root. The lines after them
are ours: when, which seal, its hash, and the first and the last number among its rows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.domain.audit_seal import SealHead, SignedHead, utc_microseconds
from core.domain.signed_note import (
    MARK,
    NoteRefused,
    NoteSignature,
    decoded,
    encoded,
    read_note,
    write_note,
)

_TEXT = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>[1-9]\d{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<time>[0-9TZ:.-]+)\nseal (?P<number>[1-9]\d{0,18})\nhash (?P<hash>[0-9a-f]{64})\n"
    r"sequences (?P<first>-?\d{1,19}) (?P<last>-?\d{1,19})\n",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a signed checkpoint says; `text` is what its signature covers, `note` all of it."""

    note: str
    text: str
    origin: str
    size: int
    root: bytes
    number: int
    first_sequence: int
    signature: NoteSignature

    @classmethod
    def parse(cls, note: str) -> "Checkpoint":
        """Read a signed checkpoint; nothing is verified.

        Raises:
            NoteRefused: it is none of an audit log, or not signed by its origin.
        """
        text, signatures = read_note(note)
        found = _TEXT.fullmatch(text)
        if found is None:
            raise NoteRefused("the text is no checkpoint of an audit log")
        signature = signatures.get(found["origin"])
        if signature is None:
            raise NoteRefused("the checkpoint bears no signature of its origin")
        return cls(
            note=note,
            text=text,
            origin=found["origin"],
            size=int(found["size"]),
            root=decoded(found["root"]),
            number=int(found["number"]),
            first_sequence=int(found["first"]),
            signature=signature,
        )


def checkpoint_text(head: SealHead) -> str:
    """Return what is signed of a seal."""
    return (
        f"{head.origin}\n{head.size}\n{encoded(head.root)}\n"
        f"time {utc_microseconds(head.sealed_at)}\nseal {head.number}\nhash {head.hash.hex()}\n"
        f"sequences {head.first_sequence} {head.last_sequence}\n"
    )


def checkpoint_note(signed: SignedHead) -> str:
    """Return a seal's checkpoint with its signature."""
    return write_note(checkpoint_text(signed.head), signed.head.origin, signed.signature)


def read_checkpoints(lines: Iterable[str]) -> Iterator[Checkpoint]:
    """Yield the checkpoints among the lines (with their ends) of notes that empty lines part.

    What a writer left half written before it died is passed over: it was written again in full.
    """
    text: list[str] = []
    for line in lines:
        if line.startswith(MARK):
            checkpoint = _parsed("".join(text) + line)
            if checkpoint is not None:
                yield checkpoint
            text = []
        elif line == "\n" and text and text[-1] == "\n":
            # Two empty lines: nothing before them belongs to what follows.
            text = []
        elif line != "\n" and text and text[-1] == "\n":
            # A new text begins where signatures should stand.
            text = [line]
        elif line != "\n" or text:
            text.append(line)


def _parsed(note: str) -> Checkpoint | None:
    if not note.endswith("\n"):
        return None
    try:
        return Checkpoint.parse(note)
    except NoteRefused:
        return None
