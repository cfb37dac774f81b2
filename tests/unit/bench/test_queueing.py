"""The simulation agrees with what queueing theory knows without one."""

import math
import random

import pytest

from bench.capacity.queueing import Station, quantile, simulate

CHANCE = random.Random(7)
EXPONENTIAL = [CHANCE.expovariate(1.0) for _ in range(20_000)]
MEAN = sum(EXPONENTIAL) / len(EXPONENTIAL)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_one_server_and_exponential_times_fare_as_in_the_formula_for_m_m_1(load: float) -> None:
    told = simulate(
        Station(servers=1, services=EXPONENTIAL), rate=load / MEAN, calls=200_000, seed=1
    )
    pace = (1 - load) / MEAN
    assert told.p50 == pytest.approx(math.log(2) / pace, rel=0.1)
    assert told.p99 == pytest.approx(math.log(100) / pace, rel=0.15)
    assert told.utilisation == pytest.approx(load, rel=0.05)


def test_without_a_queue_a_call_takes_its_service_and_what_is_around_it() -> None:
    station = Station(servers=4, services=[0.03], around=[0.002])
    told = simulate(station, rate=1.0, calls=2_000, seed=1)
    assert told.p50 == pytest.approx(0.032)
    assert told.refused_share == 0


def test_a_bounded_queue_refuses_what_comes_beyond_it() -> None:
    station = Station(servers=1, services=[1.0], most_waiting=0)
    told = simulate(station, rate=2.0, calls=50_000, seed=1)
    # Erlang's loss formula with one more place, deterministic service: more than half are refused.
    assert 0.4 < told.refused_share < 0.67
    assert told.p99 <= 2.0


def test_two_servers_do_twice_the_work_of_one() -> None:
    one = simulate(Station(servers=1, services=[1.0]), rate=0.4, calls=20_000, seed=3)
    two = simulate(Station(servers=2, services=[1.0]), rate=0.8, calls=20_000, seed=3)
    assert two.utilisation == pytest.approx(one.utilisation, rel=0.05)
    assert two.p99 < one.p99


def test_the_same_seed_tells_the_same() -> None:
    station = Station(servers=2, services=EXPONENTIAL)
    assert simulate(station, rate=1.0, calls=5_000, seed=9) == simulate(
        station, rate=1.0, calls=5_000, seed=9
    )


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert quantile([1.0], 0.99) == 1.0
