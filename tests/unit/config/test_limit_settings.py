"""Throttles and limits as an operator writes them down."""

import pytest

from core.bootstrap.limits import rate, rate_table, throttle_policy
from core.config.loading import ConfigurationRefused, load
from core.domain.rate_limit import Rate, RateClass
from core.domain.throttling import BucketKind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5/second", Rate(calls=5, window_seconds=1)),
        ("30/minute", Rate(calls=30, window_seconds=60)),
        ("20/hour", Rate(calls=20, window_seconds=3600)),
        ("1/day", Rate(calls=1, window_seconds=86_400)),
    ],
)
def test_a_rate_is_a_number_per_time(text: str, expected: Rate) -> None:
    assert rate(text) == expected


@pytest.mark.parametrize(
    "text", ["", "30", "0/minute", "-1/minute", "30/week", "30 / minute", "1.5/second", "30/"]
)
def test_anything_else_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ConfigurationRefused, match="such as 30/minute"):
        load({"APP_ENV": "prod", "PANDORA_LIMITS__LOGIN": text})


@pytest.mark.parametrize("text", ["somewhere", "10.0.0.1/8", "unix:"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationRefused, match="must be a list of networks"):
        load({"APP_ENV": "prod", "PANDORA_LIMITS__EXEMPT_NETWORKS": text})


def test_nobody_may_allow_more_than_a_hundred_failures() -> None:
    with pytest.raises(ConfigurationRefused, match="MOST_FAILURES must lie between 1 and 100"):
        load({"APP_ENV": "prod", "PANDORA_THROTTLING__MOST_FAILURES": "101"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PANDORA_THROTTLING__ACCOUNT_FIRST_DELAY_SECONDS", "1000"),
        ("PANDORA_THROTTLING__MEMORY_SECONDS", "600"),
        ("PANDORA_THROTTLING__ADDRESS_FIRST_DELAY_SECONDS", "400"),
    ],
)
def test_waits_that_contradict_each_other_are_refused(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationRefused, match="must not be above"):
        load({"APP_ENV": "prod", variable: value})


def test_every_kind_of_call_has_a_rate_in_every_environment() -> None:
    for name in ("dev", "sandbox", "audit", "prod"):
        table = rate_table(load({"APP_ENV": name}).limits)
        assert set(table.by_class) == set(RateClass)


def test_the_wait_begins_with_the_fifth_failure_unless_an_operator_says_otherwise() -> None:
    policy = throttle_policy(load({"APP_ENV": "prod"}).throttling)
    assert policy.most_failures == 100
    for kind in BucketKind:
        assert policy.delays(kind).seconds(4) == 0
        assert policy.delays(kind).seconds(5) > 0


def test_only_a_developer_s_own_machine_is_exempt() -> None:
    assert rate_table(load({"APP_ENV": "dev"}).limits).exempt.hold("127.0.0.1")
    for name in ("sandbox", "audit", "prod"):
        assert not rate_table(load({"APP_ENV": name}).limits).exempt.networks
