"""Times of answers, compared so that chance alone fails no test.

Tries of all classes are mixed, so that whatever else the machine does meets all of them alike.
"""

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

TRIES_VARIABLE: Final = "TIMING_TRIES"
LONG_TRIES: Final = 300
_SHORT_TRIES: Final = 24

TOLERANCE: Final = 1.10
"""How far apart medians may be: 10 %."""

_RESAMPLES: Final = 1000
_CERTAINTY: Final = 0.999
_WARM_UP_ROUNDS: Final = 3

Try = Callable[[], Awaitable[str]]
"""One try of a class, with an account and a client of its own; returns what was answered."""


def tries() -> int:
    """Return how many tries of each class are made: `make timing-long` asks for more."""
    return int(os.environ.get(TRIES_VARIABLE, _SHORT_TRIES))


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Seconds and answers of one class."""

    seconds: list[float] = field(default_factory=list)
    answers: set[str] = field(default_factory=set)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


async def measure(classes: Mapping[str, Sequence[Try]]) -> Mapping[str, Samples]:
    """Make every try, one at a time, in rounds of one try of each class in random order."""
    samples = {name: Samples() for name in classes}
    order = list(classes)
    chance = random.Random(0)
    for number, round_of_tries in enumerate(zip(*classes.values(), strict=True)):
        by_class = dict(zip(classes, round_of_tries, strict=True))
        chance.shuffle(order)
        for name in order:
            began = time.perf_counter()
            answer = await by_class[name]()
            took = time.perf_counter() - began
            if number >= _WARM_UP_ROUNDS:
                samples[name].seconds.append(took)
            samples[name].answers.add(answer)
    return samples


def rounds() -> int:
    """Return how many rounds there are in all, those to warm up included."""
    return tries() + _WARM_UP_ROUNDS


def assert_no_oracle(samples: Mapping[str, Samples]) -> None:
    """Fail where answers differ, or medians by more than 10 %.

    With few tries that is only said when it is nearly certain: when resampling (Efron's bootstrap)
    puts less than a thousandth of the ratios within the bound.
    """
    answers = {answer for each in samples.values() for answer in each.answers}
    assert len(answers) == 1, answers
    told = ", ".join(f"{name} {each.median * 1000:.2f} ms" for name, each in samples.items())
    slowest = max(samples.values(), key=lambda each: each.median)
    fastest = min(samples.values(), key=lambda each: each.median)
    if tries() >= LONG_TRIES:
        assert slowest.median <= fastest.median * TOLERANCE, told
    else:
        assert _least_ratio(slowest.seconds, fastest.seconds) <= TOLERANCE, told
    print(f"{tries()} tries of each class: {told}")


def _least_ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return what the ratio of the medians is nearly certainly not below."""
    chance = random.Random(0)
    ratios = sorted(
        _resampled_median(slow, chance) / _resampled_median(fast, chance) for _ in range(_RESAMPLES)
    )
    return ratios[round((1 - _CERTAINTY) * _RESAMPLES)]


def _resampled_median(values: Sequence[float], chance: random.Random) -> float:
    return statistics.median(chance.choices(values, k=len(values)))
