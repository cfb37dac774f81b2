"""Proof that one row stands in the log, for somebody who has only that and a public key."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from core.domain.audit_checkpoint import Checkpoint
from core.domain.audit_row_text import leaf_of
from core.domain.merkle import HASH_BYTES, root_of_path
from core.domain.signed_note import KeyRing, NoteRefused, SignatureCheck

T = TypeVar("T")

_VERSION: Final = 1


class ProofRefused(ValueError):
    """A text is no proof, or proves nothing; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """A row's canonical form, and its way (RFC 6962 section 2.1.1) to a signed checkpoint's root.

    `leaf_index` counts from 0 in the order of the tree, which is not the row's `sequence`.
    """

    sequence: int
    row: str
    leaf_index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def to_json(self) -> str:
        """Return the proof as JSON, for a person to read and a program to check."""
        content = {
            "version": _VERSION,
            "sequence": self.sequence,
            "row": self.row,
            "leaf_index": self.leaf_index,
            "audit_path": [sibling.hex() for sibling in self.path],
            "checkpoint": self.checkpoint,
        }
        return json.dumps(content, ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "InclusionProof":
        """Read a proof; nothing is verified.

        Raises:
            ProofRefused: it is none of this version.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise ProofRefused("the text is not JSON") from None
        if not isinstance(content, dict) or content.get("version") != _VERSION:
            raise ProofRefused(f"this is no proof of version {_VERSION}")
        path = content.get("audit_path")
        if not isinstance(path, list):
            raise ProofRefused("audit_path must be a list")
        return cls(
            sequence=_field(content, "sequence", int),
            row=_field(content, "row", str),
            leaf_index=_field(content, "leaf_index", int),
            path=tuple(_hash(item) for item in path),
            checkpoint=_field(content, "checkpoint", str),
        )


def check_proof(proof: InclusionProof, keys: KeyRing, check: SignatureCheck) -> Checkpoint:
    """Return the checkpoint that a proof leads to.

    Raises:
        ProofRefused: the row is not in the checkpoint's log, or nobody known signed that.
    """
    try:
        checkpoint = Checkpoint.parse(proof.checkpoint)
    except NoteRefused as refusal:
        raise ProofRefused(str(refusal)) from None
    signer = keys.signer(checkpoint.text, checkpoint.origin, checkpoint.signature, check)
    if signer is None:
        raise ProofRefused("the checkpoint is not signed by a key that is known")
    leaf = leaf_of(proof.sequence, hashlib.sha256(proof.row.encode()).hexdigest())
    root = root_of_path(leaf, proof.leaf_index, checkpoint.size, proof.path)
    if root != checkpoint.root:
        raise ProofRefused("the row is not in the checkpoint's log")
    return checkpoint


def _field(content: Mapping[str, object], name: str, kind: type[T]) -> T:
    value = content.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ProofRefused(f"{name} is missing or of another kind")
    return value


def _hash(item: object) -> bytes:
    try:
        data = bytes.fromhex(item) if isinstance(item, str) else b""
    except ValueError:
        data = b""
    if len(data) != HASH_BYTES:
        raise ProofRefused("audit_path must hold SHA-256 hashes in hexadecimal")
    return data
