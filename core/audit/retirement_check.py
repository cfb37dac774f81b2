"""Which rows may be missing: those of months that were dropped with a signed record."""

from collections.abc import Iterable

from core.audit.seal_check import Trust
from core.domain.audit_retirement import SignedRetirement
from core.domain.audit_verification import Fault, SequenceRanges

_WRONG = "the record that {} was dropped is not signed by a key of this log"


def check_retirements(
    records: Iterable[SignedRetirement], trust: Trust
) -> tuple[SequenceRanges, Fault | None]:
    """Return the numbers that lawful records name, and the first fault among the records.

    A record that nobody signed excuses nothing.
    """
    ranges: list[tuple[int, int]] = []
    faults: list[Fault] = []
    for record in records:
        told = record.retirement
        if told.origin == trust.origin and record.is_signed(trust.keys, trust.check):
            ranges += told.sequences
        else:
            first = told.sequences[0][0] if told.sequences else 0
            faults.append(Fault(sequence=first, reason=_WRONG.format(told.partition)))
    return SequenceRanges(ranges), min(faults, default=None)
