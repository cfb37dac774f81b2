"""Whether seals are what they state, and stand on one another."""

from dataclasses import dataclass
from itertools import pairwise

from core.domain.audit_checkpoint import checkpoint_text
from core.domain.audit_seal import NO_HASH, NOTHING_VISIBLE
from core.domain.audit_verification import Fault
from core.domain.merkle import EMPTY_FRONTIER, HASH_BYTES, Frontier, split_hashes
from core.domain.ports.audit_reading import LogReader, StoredSeal
from core.domain.signed_note import KeyRing, SignatureCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose signatures count: keys of one log, and what checks them."""

    origin: str
    keys: KeyRing
    check: SignatureCheck


@dataclass(frozen=True, slots=True)
class _Base:
    """What a seal has to stand on."""

    number: int = 0
    hash: bytes = NO_HASH
    frontier: Frontier = EMPTY_FRONTIER
    since: str = NOTHING_VISIBLE
    snapshot: str = NOTHING_VISIBLE
    is_complete: bool = True
    last_sequence: int = 0


class _Wrong(Exception):
    """A seal is not what it should be."""


def check_seals(reader: LogReader, first: int, last: int, trust: Trust) -> Fault | None:
    """Return the fault with the lowest number among the seals between two, both included.

    What the seal before them states is taken as it is: whoever checks that one finds its faults.
    So it is with one that is found wrong, lest the seals after it be taken for wrong as well.
    """
    faults: list[Fault] = []
    base = _Base()
    for seal in reader.seals(max(1, first - 1), last):
        number = seal.signed.head.number
        expected = max(base.number + 1, first)
        if number < first:
            base = _as_base(seal)
        elif number != expected:
            faults.append(_missing(expected, base, seal))
            base = _as_base(seal)
        else:
            try:
                base = _checked(seal, base, trust)
            except _Wrong as wrong:
                faults.append(Fault(sequence=_first_of(seal), reason=f"seal {number}: {wrong}"))
                base = _as_base(seal)
    return min(faults, default=None)


def _missing(number: int, base: _Base, after: StoredSeal) -> Fault:
    sequence = _first_of(after)
    if base.number:
        # Most of what it covered followed what the seal before it covered.
        sequence = min(sequence, base.last_sequence + 1)
    return Fault(sequence=sequence, reason=f"seal {number} is missing")


def _checked(seal: StoredSeal, base: _Base, trust: Trust) -> _Base:
    """Return what the next seal stands on.

    Raises:
        _Wrong: the seal does not hold.
    """
    head = seal.signed.head
    if head.origin != trust.origin:
        raise _Wrong("it is of another log")
    _check_cover(seal)
    grown = base.frontier.grown(split_hashes(seal.leaf_hashes))
    if (grown.size, grown.joined(), grown.root()) != (head.size, seal.frontier, head.root):
        raise _Wrong("its root is not that of the rows up to it")
    if head.previous_hash != base.hash:
        raise _Wrong("it does not stand on the seal before it")
    window = (base.snapshot, head.snapshot) if base.is_complete else (base.since, base.snapshot)
    if (head.since, head.snapshot) != window:
        raise _Wrong("it does not begin where the seal before it ended")
    if head.hash != seal.hash:
        raise _Wrong("its hash is not that of what it states")
    signed = seal.signed
    signer = trust.keys.signer(checkpoint_text(head), head.origin, signed.signature, trust.check)
    if signer is None or signer.version not in {None, signed.key_version}:
        raise _Wrong("it is not signed by a key of this log")
    return _Base(
        number=head.number,
        hash=head.hash,
        frontier=grown,
        since=head.since,
        snapshot=head.snapshot,
        is_complete=head.is_complete,
        last_sequence=head.last_sequence,
    )


def _check_cover(seal: StoredSeal) -> None:
    head = seal.signed.head
    sequences = [sequence for sequence in seal.sequences if sequence is not None]
    if (
        not sequences
        or len(sequences) != len(seal.sequences)
        or (len(seal.leaf_hashes) != HASH_BYTES * len(sequences))
    ):
        raise _Wrong("it has not one leaf for each of its rows")
    ends = (sequences[0], sequences[-1])
    if ends != (head.first_sequence, head.last_sequence) or any(
        one >= other for one, other in pairwise(sequences)
    ):
        raise _Wrong("the numbers of its rows are not in order")


def _as_base(seal: StoredSeal) -> _Base:
    """Take a seal as it says that it is."""
    head = seal.signed.head
    try:
        frontier = Frontier.parse(head.size, seal.frontier)
    except ValueError:
        frontier = EMPTY_FRONTIER
    return _Base(
        number=head.number,
        hash=seal.hash,
        frontier=frontier,
        since=head.since,
        snapshot=head.snapshot,
        is_complete=head.is_complete,
        last_sequence=head.last_sequence,
    )


def _first_of(seal: StoredSeal) -> int:
    # Whoever writes past the constraints may have written anything.
    numbers = [number for number in seal.sequences if number is not None]
    return min([seal.signed.head.first_sequence, *numbers])
