"""A target is met by the median of ratios within rounds; an error is never forgiven."""

import pytest

from bench.__main__ import chosen
from bench.endurance import judgement
from bench.endurance.state import Process, State
from bench.errors import BenchError
from bench.judging.targets import TARGETS
from bench.judging.verdict import Figure, Target, errors_of, judge
from bench.loads.sample import Sample
from bench.suite.measure import Measure, go_round


def rates(*values: float) -> list[Sample]:
    return [Sample(requests=round(10 * value), seconds=10) for value in values]


HALF = Target(
    title="a / b", figure=Figure(measure="a"), others=(Figure(measure="b"),), at_least=0.5
)


def test_a_ratio_is_of_two_samples_of_the_same_round() -> None:
    # The second round was slow for both: the ratio of that round says what the others say.
    verdict = judge(HALF, {"a": rates(50, 5, 50), "b": rates(100, 10, 100)})
    assert verdict is not None
    assert (verdict.value, verdict.least, verdict.most, verdict.met) == (0.5, 0.5, 0.5, True)


@pytest.mark.parametrize(("a", "met"), [(50, True), (49, False)])
def test_the_bound_itself_meets_the_target(a: float, met: bool) -> None:  # noqa: FBT001
    verdict = judge(HALF, {"a": rates(a), "b": rates(100)})
    assert verdict is not None
    assert verdict.met is met
    assert verdict.sentence.startswith("met: " if met else "falls short: ")


@pytest.mark.parametrize(("value", "met"), [(1.25, True), (1.26, False)])
def test_a_target_from_above_is_missed_above(value: float, met: bool) -> None:  # noqa: FBT001
    def used(cpu: float) -> list[Sample]:
        return [Sample(requests=1, seconds=1, cpu_ms={"gateway": cpu})]

    figure = Figure(measure="a", name="cpu_ms:gateway")
    other = Figure(measure="b", name="cpu_ms:gateway")
    target = Target(title="cpu", figure=figure, others=(other,), at_most=1.25)
    verdict = judge(target, {"a": used(value), "b": used(1.0)})
    assert verdict is not None
    assert verdict.met is met


def test_the_fastest_of_several_floors_counts() -> None:
    others = (Figure(measure="wheel"), Figure(measure="build"))
    target = Target(title="login", figure=Figure(measure="login"), others=others, at_least=0.9)
    samples = {"login": rates(70), "wheel": rates(73), "build": rates(123)}
    verdict = judge(target, samples)
    assert verdict is not None
    assert not verdict.met
    del samples["build"]
    verdict = judge(target, samples)
    assert verdict is not None
    assert verdict.met


def test_what_was_not_measured_is_not_judged() -> None:
    assert judge(HALF, {"a": rates(1)}) is None
    assert judge(HALF, {"b": rates(1)}) is None


def test_a_floor_of_nothing_is_no_excuse_and_no_crash() -> None:
    target = Target(title="p99", figure=Figure(measure="a"), others=HALF.others, at_most=2.5)
    verdict = judge(target, {"a": rates(1), "b": rates(0)})
    assert verdict is not None
    assert not verdict.met


def test_one_error_in_one_round_is_a_verdict_of_its_own() -> None:
    good, bad = Sample(requests=9, seconds=1), Sample(requests=9, seconds=1, errors=1)
    (verdict,) = errors_of({"login": [good, bad], "get-me": [good, good]})
    assert "login" in verdict.title
    assert not verdict.met


def test_every_target_of_the_run_has_one_bound() -> None:
    for target in TARGETS:
        assert (target.at_least is None) != (target.at_most is None), target.title


def measure(name: str) -> Measure:
    return Measure(
        name=name, title=name, run=lambda seconds: Sample(requests=1, seconds=seconds), groups={}
    )


def test_the_order_turns_round_and_everything_is_measured_in_every_round() -> None:
    asked: list[tuple[str, int]] = []

    def noted(name: str) -> Measure:
        def run(seconds: int) -> Sample:
            asked.append((name, seconds))
            return Sample(requests=1, seconds=seconds)

        return Measure(name=name, title=name, run=run, groups={})

    found = go_round([noted("a"), noted("b")], rounds=3, seconds=2)
    assert [name for name, seconds in asked if seconds == 2] == ["a", "b", "b", "a", "a", "b"]
    assert {name: len(samples) for name, samples in found.items()} == {"a": 3, "b": 3}


def test_a_single_measure_brings_the_floors_along_that_judge_it() -> None:
    names = ("argon2-wheel", "echo-rest-few", "echo-rest-many", "login", "get-me")
    kept = chosen([measure(name) for name in names], TARGETS, ("login",))
    assert [one.name for one in kept] == ["argon2-wheel", "login"]
    assert len(chosen([measure(name) for name in names], TARGETS, ())) == len(names)
    with pytest.raises(BenchError, match="no measure logout; there are argon2-wheel"):
        chosen([measure(name) for name in names], TARGETS, ("logout",))


def state(mib: float, *, descriptors: int = 20, threads: int = 5, connections: int = 8) -> State:
    process = Process(mib=mib, descriptors=descriptors, threads=threads)
    return State(processes={"core-1": process}, connections=connections)


@pytest.mark.parametrize(
    ("end", "waiting", "dead", "wrong", "missed"),
    [
        (state(103), 0, {"sessions": 0.1}, {"logins": 0}, []),
        (state(103.2), 0, {}, {}, ["growth of memory"]),
        (state(100, descriptors=25), 0, {}, {}, ["file descriptors"]),
        (state(100, threads=6), 0, {}, {}, ["threads"]),
        (state(100, connections=13), 0, {}, {}, ["connections"]),
        (state(100), 1, {}, {}, ["events that wait"]),
        (state(100), 0, {"sessions": 0.11, "outbox": 0.01}, {}, ["(sessions)"]),
        (state(100), 0, {}, {"reads": 1}, ["wrong answers to reads"]),
    ],
)
def test_whatever_has_grown_is_named(
    end: State, waiting: int, dead: dict[str, float], wrong: dict[str, int], missed: list[str]
) -> None:
    verdicts = judgement.judge(state(100), end, waiting=waiting, dead=dead, wrong=wrong)
    titles = [verdict.title for verdict in verdicts if not verdict.met]
    assert len(titles) == len(missed)
    for title, word in zip(titles, missed, strict=True):
        assert word in title
