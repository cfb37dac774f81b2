"""`python -m core users import FILE`: accounts of another system, from a file of JSON Lines."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.bootstrap.foundation import Foundation
from core.bootstrap.operations import operator, use_cases_of
from core.bootstrap.refusals import OperationRefused
from core.domain.account_import import LONGEST_LINE, LineOutcome, LineReport


async def import_users(foundation: Foundation, *, file: Path, dry_run: bool) -> None:
    """Bring the accounts in; say on standard error what is wrong, and on standard output how many.

    Raises:
        OperationRefused: the file cannot be read, or a line was refused; the others are in.
    """
    tally: Counter[LineOutcome] = Counter()
    with _opened(file) as lines:
        async with use_cases_of(foundation) as (use_cases, _, _):
            try:
                async for report in use_cases.user_import.run(
                    lines, dry_run=dry_run, caller=operator(foundation)
                ):
                    tally[report.outcome] += 1
                    sys.stderr.write("".join(_words(report)))
            finally:
                sys.stdout.write(_summary(tally, dry_run=dry_run))
    if tally[LineOutcome.REFUSED]:
        raise OperationRefused(f"{tally[LineOutcome.REFUSED]} lines of {file.name}")


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long, just enough to see that it is."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE + 1)


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise OperationRefused(f"{path.name} cannot be read: {error.strerror}") from error
    with file:
        yield bounded_lines(file)


def _words(report: LineReport) -> Iterator[str]:
    """Yield what an operator should know of a line; neither address nor hash is repeated."""
    if report.outcome is LineOutcome.EXISTING:
        yield f"line {report.number}: the address is in use; the account was left as it is\n"
    for violation in report.violations:
        yield f"line {report.number}: {violation.field} {violation.message}\n"


def _summary(tally: Counter[LineOutcome], *, dry_run: bool) -> str:
    imported = "would be imported" if dry_run else "imported"
    return (
        f"{tally[LineOutcome.IMPORTED]} {imported}, "
        f"{tally[LineOutcome.EXISTING]} in use already, "
        f"{tally[LineOutcome.REFUSED]} refused\n"
    )
