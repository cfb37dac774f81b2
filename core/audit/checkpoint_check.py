"""Whether the seals are still those whose checkpoints lie outside the database."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from core.audit.seal_check import Trust
from core.domain.audit_checkpoint import Checkpoint, checkpoint_note
from core.domain.audit_verification import Fault
from core.domain.ports.audit_reading import LogReader

_BATCH: Final = 1000


def check_checkpoints(
    reader: LogReader, checkpoints: Iterable[Checkpoint], trust: Trust
) -> Fault | None:
    """Return the fault with the lowest number that checkpoints tell of.

    None of them may be of a seal that was made after the reader's view of the log began.
    """
    faults = [
        fault for batch in _batches(iter(checkpoints)) for fault in _faults(reader, batch, trust)
    ]
    return min(faults, default=None)


def _faults(reader: LogReader, batch: Sequence[Checkpoint], trust: Trust) -> Iterator[Fault]:
    notes = {
        signed.head.number: checkpoint_note(signed)
        for signed in reader.heads_of([checkpoint.number for checkpoint in batch])
    }
    for checkpoint in batch:
        # The seal's own signature is checked with the seal.
        if notes.get(checkpoint.number) == checkpoint.note:
            continue
        signer = trust.keys.signer(checkpoint.text, trust.origin, checkpoint.signature, trust.check)
        if signer is None:
            reason = f"a checkpoint outside is not signed by a key of this log: {checkpoint.number}"
        elif checkpoint.number in notes:
            reason = f"seal {checkpoint.number} is another one than its checkpoint outside tells"
        else:
            reason = f"seal {checkpoint.number} is missing; its checkpoint outside is there"
        yield Fault(sequence=checkpoint.first_sequence, reason=reason)


def _batches(checkpoints: Iterator[Checkpoint]) -> Iterator[list[Checkpoint]]:
    while batch := list(islice(checkpoints, _BATCH)):
        yield batch
