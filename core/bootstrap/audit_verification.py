"""Verifying the whole audit log, in as many processes as an operator allows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from core.audit.checkpoint_check import check_checkpoints
from core.audit.retirement_check import check_retirements
from core.audit.row_check import RowFindings, RowRules
from core.audit.seal_check import Trust
from core.bootstrap.audit_workers import (
    Hands,
    OneHand,
    RowSpan,
    SealSpan,
    Span,
    Way,
    many_hands,
)
from core.domain.audit_checkpoint import Checkpoint, read_checkpoints
from core.domain.audit_seal import SealHead
from core.domain.audit_verification import Fault, LogReport, SequenceRanges
from core.domain.ports.audit_reading import LogView
from core.domain.transaction_snapshot import SealedRegion, TransactionSnapshot
from core.postgres.audit_reader import PostgresLogReader
from core.postgres.connection import PostgresLogin, PostgresOptions

_PART_ROWS: Final = 50_000
"""How many rows a process takes at a time, and with them the leaves that it keeps in memory."""

_PART_SEALS: Final = 500

_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationJob:
    """What is verified, and with what; checkpoints tell of seals that were deleted at the end."""

    options: PostgresOptions
    login: PostgresLogin
    trust: Trust
    workers: int
    checkpoints: Path | None


def verify_log(job: VerificationJob) -> LogReport:
    """Recompute everything; blocks until it is done.

    Raises:
        ServerBusy: a verification is under way.
        DependencyUnavailable: PostgreSQL is out of reach.
        OSError: the file of checkpoints cannot be read.
    """
    # Looked at first: of what is in the file by now, the view of the log shows every seal.
    checkpoints = _checkpoints(job.checkpoints)
    reader = PostgresLogReader.open(job.options, job.login, None)
    try:
        view = reader.begin()
        retired, unlawful = check_retirements(reader.retirements(), job.trust)
        spans = list(_spans(view, reader.boundaries(_PART_ROWS), job.trust, retired))
        with ExitStack() as ends:
            hands: Hands = OneHand(reader)
            if job.workers > 1 and len(spans) > job.workers:
                way = Way(options=job.options, login=job.login, snapshot=view.snapshot)
                hands = ends.enter_context(many_hands(way, job.workers))
            found = list(hands.check(spans))
        outside = check_checkpoints(reader, checkpoints, job.trust)
        return _report(view, found, outside, unlawful)
    finally:
        reader.close()


def _spans(
    view: LogView, boundaries: Sequence[int], trust: Trust, retired: SequenceRanges
) -> Iterator[Span]:
    newest = 0 if view.newest is None else view.newest.head.number
    for first in range(1, newest + 1, _PART_SEALS):
        yield SealSpan(first=first, last=min(first + _PART_SEALS - 1, newest), trust=trust)
    rules = RowRules(
        region=None if view.newest is None else _region(view.newest.head),
        next_transaction=view.next_transaction,
        retired=retired,
    )
    inner = sorted({number - 1 for number in boundaries if _LEAST < number - 1 < _MOST})
    for above, up_to in pairwise([_LEAST, *inner, _MOST]):
        yield RowSpan(above=above, up_to=up_to, rules=rules)


def _region(head: SealHead) -> SealedRegion | None:
    try:
        return SealedRegion(
            since=TransactionSnapshot.parse(head.since),
            snapshot=TransactionSnapshot.parse(head.snapshot),
            last_sequence=None if head.is_complete else head.last_sequence,
        )
    except ValueError:
        # Then the seal is no seal, which is found where seals are checked.
        return None


def _checkpoints(file: Path | None) -> Iterable[Checkpoint]:
    if file is None:
        return ()
    size = file.stat().st_size
    return _read_up_to(file, size)


def _read_up_to(file: Path, size: int) -> Iterator[Checkpoint]:
    with file.open("rb") as lines:
        yield from read_checkpoints(_bounded(lines, size))


def _bounded(lines: Iterable[bytes], size: int) -> Iterator[str]:
    """Yield lines as long as no more bytes than these have been read."""
    left = size
    for line in lines:
        left -= len(line)
        if left < 0:
            return
        yield line.decode(errors="replace")


def _report(view: LogView, found: Iterable[RowFindings], *others: Fault | None) -> LogReport:
    findings = list(found)
    faults = [fault for fault in (*(each.fault for each in findings), *others) if fault is not None]
    first = min(faults, default=None)
    return LogReport(
        valid=first is None,
        checked_count=sum(each.checked_count for each in findings),
        first_invalid_sequence=None if first is None else first.sequence,
        sealed_sequence=view.sealed_sequence,
        seal_hash="" if view.newest is None else view.newest.head.hash.hex(),
        reason=None if first is None else first.reason,
    )
