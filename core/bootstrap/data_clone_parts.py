"""What there is to copy for a clone, and in which turn."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from core.bootstrap.data_clone_workers import CopyTask
from core.bootstrap.refusals import OperationRefused
from core.data.anonymization.rules import AUDIT_EVENTS, COPIED
from core.postgres.cloning import CloneSource, Span, outside

_CHUNK_ROWS: Final = 5000
_FIRST: Final = ("users", "sessions")
"""Others refer to these."""
LAST: Final = "audit_legal_holds"
"""Can never be removed again, so that they come with the completion."""


def in_turn(parts: list[CopyTask], copied: Collection[str]) -> Iterator[CopyTask | None]:
    """Yield tables when those are there that they refer to; parts of the audit log meanwhile.

    `copied` is looked at anew each time. None: the next one waits for what is under way.
    """
    log = iter(parts)
    for table in _FIRST:
        yield CopyTask(table=table)
        while table not in copied:
            # Of the log nothing refers to anything.
            yield next(log, None)
    for table in reversed(list(COPIED)):
        if table not in {*_FIRST, LAST}:
            yield CopyTask(table=table)
    yield from log


def missing_parts(source: CloneSource, span: Span, done: Mapping[Span, int]) -> list[CopyTask]:
    """Return what is missing of the audit log: new parts, and parts that have grown since.

    Raises:
        OperationRefused: rows of the source are gone that the clone has.
    """
    grown = []
    for part, rows in done.items():
        now = source.count(part)
        if now < rows:
            raise OperationRefused("the source has dropped audit rows since; begin a new clone")
        if now > rows:
            grown.append(CopyTask(table=AUDIT_EVENTS, span=part, is_known=True))
    new = [chunk for part in outside(span, done) for chunk in source.chunks(part, _CHUNK_ROWS)]
    return [*grown, *(CopyTask(table=AUDIT_EVENTS, span=chunk) for chunk in new)]
