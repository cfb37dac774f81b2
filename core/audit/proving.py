"""Making the proof that one row stands in the log."""

from typing import Protocol

from core.domain.audit_checkpoint import checkpoint_note
from core.domain.audit_proof import InclusionProof, ProofRefused
from core.domain.audit_row_text import canonical_text, has_right_hash, leaf_of
from core.domain.merkle import EMPTY_FRONTIER, Frontier, inclusion_path, split_hashes
from core.domain.ports.audit_reading import LogReader


class SealFinder(LogReader, Protocol):
    """Reads, and finds the seal of a row."""

    def seal_of(self, sequence: int) -> int | None:
        """Return the number of the seal that covers a row."""
        ...


def prove(reader: SealFinder, sequence: int) -> InclusionProof:
    """Return the proof of a row, which leads to the checkpoint of its own seal.

    The cost is that of one seal: what lies left of it in the tree is in the frontier before it.

    Raises:
        ProofRefused: there is no such row, it is not sealed, or it is not what was sealed.
    """
    row = next(reader.rows(sequence - 1, sequence), None)
    if row is None:
        raise ProofRefused(f"there is no row {sequence}")
    number = reader.seal_of(sequence)
    if number is None:
        raise ProofRefused(f"row {sequence} is not sealed yet")
    *before, seal = reader.seals(number - 1, number)
    frontier = EMPTY_FRONTIER
    if before:
        frontier = Frontier.parse(before[0].signed.head.size, before[0].frontier)
    leaves = split_hashes(seal.leaf_hashes)
    position = list(seal.sequences).index(sequence)
    if not has_right_hash(row) or leaves[position] != leaf_of(sequence, row.hash):
        raise ProofRefused(f"row {sequence} is not what was sealed; `audit verify` tells more")
    index = frontier.size + position
    return InclusionProof(
        sequence=sequence,
        row=canonical_text(row),
        leaf_index=index,
        path=tuple(inclusion_path(index, frontier, leaves)),
        checkpoint=checkpoint_note(seal.signed),
    )
