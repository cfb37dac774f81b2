"""What may have grown between two looks, and by how much."""

from collections.abc import Iterator, Mapping
from typing import Final

from bench.endurance.state import State
from bench.judging.verdict import Verdict

MOST_GROWTH: Final = 0.03
"""Of memory, since the service was warm."""
MOST_DEAD: Final = 0.10
"""Of a table's rows, once autovacuum had its turn; tables that change have a factor of 0.05."""
SPARE_DESCRIPTORS: Final = 4
"""A pool opens its connections when they are needed, and closes them when they are not."""


def judge(
    warm: State, end: State, *, waiting: int, dead: Mapping[str, float], wrong: Mapping[str, int]
) -> list[Verdict]:
    """Return a verdict for each process, for the tables, the outbox, and the answers."""
    return [*_processes(warm, end), *_rest(warm, end, waiting, dead), *_answers(wrong)]


def _processes(warm: State, end: State) -> Iterator[Verdict]:
    for name, before in warm.processes.items():
        after = end.processes[name]
        growth = after.mib / before.mib - 1
        yield _most(f"{name}: growth of memory, %", round(100 * growth, 2), 100 * MOST_GROWTH)
        opened = after.descriptors - before.descriptors
        yield _most(f"{name}: more file descriptors", opened, SPARE_DESCRIPTORS)
        yield _most(f"{name}: more threads", after.threads - before.threads, 0)


def _rest(warm: State, end: State, waiting: int, dead: Mapping[str, float]) -> Iterator[Verdict]:
    more = end.connections - warm.connections
    yield _most("more connections to PostgreSQL", more, SPARE_DESCRIPTORS)
    yield _most("events that wait to be published", waiting, 0)
    worst = max(dead, key=lambda name: dead[name], default="")
    share = round(100 * dead.get(worst, 0.0), 2)
    yield _most(f"dead rows of the worst table ({worst}), %", share, 100 * MOST_DEAD)


def _answers(wrong: Mapping[str, int]) -> Iterator[Verdict]:
    for kind, count in wrong.items():
        yield _most(f"wrong answers to {kind}", count, 0)


def _most(title: str, value: float, most: float) -> Verdict:
    return Verdict(
        title=title, value=value, least=value, most=value, bound=f"≤ {most:g}", met=value <= most
    )
