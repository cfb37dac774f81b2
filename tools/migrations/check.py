"""Whether every migration can run while the service does, or was reviewed where it may not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tools.migrations import own_rules
from tools.migrations.findings import Finding
from tools.migrations.revisions import Revision, revisions

FIRST_INSTALLATION: Final = "0018"
"""Up to here migrations make a database that nobody uses yet (docs/adr/0026-migrations.md)."""

_SHORTEST_REASON: Final = 20

Ask = Callable[[Sequence[Revision]], Iterable[Finding]]
"""Asks another program about migrations."""


def check(folder: Path, ask: Ask, *, after: str = FIRST_INSTALLATION) -> tuple[int, list[Finding]]:
    """Return how many migrations were looked at, and what is wrong with them."""
    looked_at = list(revisions(folder, after=after))
    found = [*ask(looked_at)]
    for revision in looked_at:
        found += own_rules.findings(revision.file, revision.sql)
    problems = [each for each in found if not _is_reviewed(each, looked_at)]
    return len(looked_at), sorted([*problems, *_marks(found, looked_at)])


def _is_reviewed(finding: Finding, looked_at: Iterable[Revision]) -> bool:
    return any(
        finding.file == revision.file and finding.rule in revision.marks for revision in looked_at
    )


def _marks(found: Iterable[Finding], looked_at: Iterable[Revision]) -> Iterator[Finding]:
    """Find marks that give no reason, and those that stand for nothing."""
    broken = {(each.file, each.rule) for each in found}
    for revision in looked_at:
        for rule, reason in revision.marks.items():
            if len(reason) < _SHORTEST_REASON:
                yield Finding(file=revision.file, rule=rule, problem="the mark gives no reason")
            if (revision.file, rule) not in broken:
                yield Finding(file=revision.file, rule=rule, problem="the mark stands for nothing")
