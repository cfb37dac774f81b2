"""What all workers have counted, those that are gone included."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from supervision.child import Child
from supervision.families import Family, counter, gauge
from supervision.sums import Rules, Sums

ANSWER_SECONDS: Final = 1.0
"""How long a worker has to tell its numbers."""
ASKING_SECONDS: Final = 5.0
"""Every so often they are asked for even where nobody wants to know: what a worker has counted
since is all that is lost of its numbers when it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the supervisor's own metrics are called, and what it counts by worker."""

    prefix: str
    """`pandora_worker`: before `s_wanted`, `s_answering`, `_restarts` and `_requests`."""
    requests: str
    """The family, without `_total`, whose sum is told for each worker."""
    rules: Rules
    """What becomes of gauges."""


class Tally:
    """Adds up what the workers tell.

    Counters and histograms of one that does not answer are those of its last answer; its gauges are
    left out, for they would be of another time.
    """

    def __init__(self, names: Names, wanted: int) -> None:
        """Take the names, and how many workers there should be."""
        self.restarts = 0
        self._names = names
        self._wanted = wanted
        self._children: list[Child] = []
        self._gone = {number: Sums({}) for number in range(wanted)}

    @property
    def children(self) -> Sequence[Child]:
        """The workers that have not ended, whether they serve or not."""
        return tuple(self._children)

    def add(self, child: Child) -> None:
        """Count a worker in."""
        self._children.append(child)

    def remove(self, child: Child) -> None:
        """Count one out that has ended; what only grows stays."""
        self._children.remove(child)
        self._gone[child.number].add(each for each in child.last if each.is_cumulative)

    async def ask_regularly(self) -> None:
        """Ask until cancelled."""
        while True:
            await asyncio.sleep(ASKING_SECONDS)
            await self.ask()

    async def ask(self) -> set[Child]:
        """Ask every worker at once; return those that answered."""
        asked = self.children
        answers = await asyncio.gather(*(child.tell(ANSWER_SECONDS) for child in asked))
        return {child for child, has_answered in zip(asked, answers, strict=True) if has_answered}

    async def families(self) -> Sequence[Family]:
        """Return the numbers of all workers, and the supervisor's own."""
        answering = await self.ask()
        # No waiting from here on: a worker is among those that run, or among those that are gone.
        by_number = {number: Sums({}) for number in self._gone}
        sums = Sums(self._names.rules)
        for number, gone in self._gone.items():
            sums.add(gone.families())
            by_number[number].add(gone.families())
        for child in self._children:
            cumulative = [each for each in child.last if each.is_cumulative]
            by_number[child.number].add(cumulative)
            sums.add(child.last if child in answering else cumulative)
        return [*sums.families(), *self._own(len(answering), by_number)]

    def _own(self, answering: int, by_number: dict[int, Sums]) -> Sequence[Family]:
        prefix, requests = self._names.prefix, self._names.requests
        return [
            gauge(f"{prefix}s_wanted", "Workers that there should be.", {(): self._wanted}),
            gauge(f"{prefix}s_answering", "Workers whose numbers are in this.", {(): answering}),
            counter(
                f"{prefix}_restarts",
                "Workers that were started again because one had ended by itself.",
                {(): self.restarts},
            ),
            counter(
                f"{prefix}_requests",
                f"{requests}_total by worker.",
                {
                    (("worker", str(number)),): sums.total(requests)
                    for number, sums in by_number.items()
                },
            ),
        ]
