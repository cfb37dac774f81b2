"""Whether rows are what was sealed, and all that was sealed is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.audit_row_text import RowText, has_right_hash, leaf_of
from core.domain.audit_verification import Fault, SequenceRanges
from core.domain.merkle import HASH_BYTES
from core.domain.ports.audit_reading import LogReader
from core.domain.transaction_snapshot import SealedRegion


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What rows are held against beside their seals.

    No transaction has a number from `next_transaction` on. Rows in `retired` may be missing.
    """

    region: SealedRegion | None
    next_transaction: int
    retired: SequenceRanges


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFindings:
    """How many rows were looked at, and the first fault among them."""

    checked_count: int
    fault: Fault | None


def check_rows(reader: LogReader, above: int, up_to: int, rules: RowRules) -> RowFindings:
    """Hash every row anew that has a number above one and up to another, and compare."""
    sealed: dict[int, bytes] = {}
    first = _First()
    for sequences, leaf_hashes in reader.leaves(above, up_to):
        _gather(sealed, sequences, leaf_hashes, range(above + 1, up_to + 1), first)
    count, before = 0, above
    for row in reader.rows(above, up_to):
        count += 1
        sequence = row.sequence
        if sequence == before:
            first.note(sequence, "two rows have this number")
            continue
        before = sequence
        leaf = sealed.pop(sequence, None)
        if not has_right_hash(row):
            first.note(sequence, "the row's hash is not that of its content")
        elif leaf is None:
            reason = _unsealed(row, rules)
            if reason is not None:
                first.note(sequence, reason)
        elif leaf != leaf_of(sequence, row.hash):
            first.note(sequence, "the row is not the one that was sealed")
    missing = min((number for number in sealed if number not in rules.retired), default=None)
    if missing is not None:
        first.note(missing, "the row that was sealed is missing")
    return RowFindings(checked_count=count, fault=first.fault)


class _First:
    """Keeps the fault with the lowest number."""

    def __init__(self) -> None:
        self.fault: Fault | None = None

    def note(self, sequence: int, reason: str) -> None:
        if self.fault is None or sequence < self.fault.sequence:
            self.fault = Fault(sequence=sequence, reason=reason)


def _gather(
    sealed: dict[int, bytes],
    sequences: Sequence[int | None],
    leaf_hashes: bytes,
    span: range,
    first: _First,
) -> None:
    for at, sequence in enumerate(sequences):
        if sequence is not None and sequence in span:
            if sequence in sealed:
                first.note(sequence, "the row is in two seals")
            sealed[sequence] = leaf_hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]


def _unsealed(row: RowText, rules: RowRules) -> str | None:
    """Return what is wrong with a row that no seal covers; it may just be too new for that."""
    transaction = int(row.transaction_id)
    if transaction >= rules.next_transaction:
        return "no transaction has written the row yet"
    if rules.region is not None and rules.region.covers(transaction, row.sequence):
        return "the row is in no seal, though it should be"
    return None
