"""What throttling may expect of every limiter."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.domain.errors import LoginThrottled
from core.domain.ports.limits import OthersUnderWay
from core.domain.rate_limit import Rate
from core.domain.throttling import Admission
from core.redis.attempts import LEASE_SECONDS
from tests.contract.limiters import (
    Limiters,
    failed,
    in_memory,
    in_redis,
    tried,
)
from tests.servers import Servers


@pytest_asyncio.fixture(params=["memory", "redis"])
async def limiters(request: pytest.FixtureRequest) -> AsyncIterator[Limiters]:
    if request.param == "memory":
        yield in_memory()
        return
    servers: Servers = request.getfixturevalue("servers")
    async with in_redis(servers) as limiters:
        yield limiters


async def test_failures_are_counted_and_the_first_few_cost_no_wait(limiters: Limiters) -> None:
    account = limiters.account()
    assert [await failed(limiters, account) for _ in range(3)] == [1, 2, 3]


async def test_the_wait_begins_with_the_third_failure_doubles_and_is_bounded(
    limiters: Limiters,
) -> None:
    account = limiters.account()
    await failed(limiters, account, times=3)
    for wait in (60, 120, 200, 200):
        refusal = await tried(limiters, account)
        assert isinstance(refusal, LoginThrottled)
        assert wait - 5 < refusal.retry_after_seconds <= wait
        await limiters.pass_time(wait + 1)
        await failed(limiters, account)


async def test_a_refused_try_is_not_counted_and_does_not_prolong_the_wait(
    limiters: Limiters,
) -> None:
    account = limiters.account()
    await failed(limiters, account, times=3)
    for _ in range(20):
        assert isinstance(await tried(limiters, account), LoginThrottled)
    await limiters.pass_time(61)
    assert await failed(limiters, account) == 4


async def test_failures_are_forgotten_after_a_while(limiters: Limiters) -> None:
    account = limiters.account()
    await failed(limiters, account, times=3)
    await limiters.pass_time(3601)
    assert await failed(limiters, account) == 1


async def test_a_success_resets_the_account_but_not_the_address(limiters: Limiters) -> None:
    account, address = limiters.account(), limiters.address()
    await failed(limiters, account, address, times=2)
    await limiters.attempts.succeed(await limiters.attempts.admit([account, address]))
    assert await failed(limiters, account) == 1
    assert await failed(limiters, address) == 3


async def test_a_try_that_is_given_back_has_never_been(limiters: Limiters) -> None:
    account = limiters.account()
    for _ in range(10):
        await limiters.attempts.give_back(await limiters.attempts.admit([account]))
    assert await failed(limiters, account) == 1


async def test_giving_back_what_was_given_up_does_no_harm(limiters: Limiters) -> None:
    account = limiters.account()
    admission = await limiters.attempts.admit([account])
    await limiters.attempts.fail(admission)
    for _ in range(3):
        await limiters.attempts.give_back(admission)
    assert await failed(limiters, account) == 2


async def test_what_was_given_up_cannot_fail_any_more(limiters: Limiters) -> None:
    account = limiters.account()
    admission = await limiters.attempts.admit([account])
    assert await limiters.attempts.fail(admission) == 1
    assert await limiters.attempts.fail(admission) == 1
    judged = await limiters.attempts.admit([account])
    await limiters.attempts.give_back(judged)
    assert await limiters.attempts.fail(judged) == 1


async def test_a_bucket_can_be_forgotten(limiters: Limiters) -> None:
    account = limiters.account()
    await failed(limiters, account, times=3)
    await limiters.attempts.forget(account)
    assert await failed(limiters, account) == 1


async def test_an_address_waits_for_all_of_its_accounts_together(limiters: Limiters) -> None:
    address = limiters.address()
    for _ in range(6):
        await failed(limiters, limiters.account(), address)
    assert isinstance(await tried(limiters, limiters.account(), address), LoginThrottled)
    assert isinstance(await tried(limiters, limiters.account(), limiters.address()), Admission)


async def test_what_one_bucket_refuses_takes_a_place_in_none(limiters: Limiters) -> None:
    account, address = limiters.account(), limiters.address()
    await failed(limiters, account, times=3)
    for _ in range(10):
        assert isinstance(await tried(limiters, account, address), LoginThrottled)
    assert isinstance(await tried(limiters, address), Admission)


async def test_no_more_are_judged_at_once_than_may_fail(limiters: Limiters) -> None:
    account = limiters.account()
    outcomes = await asyncio.gather(*(tried(limiters, account) for _ in range(200)))
    admitted = [each for each in outcomes if isinstance(each, Admission)]
    assert len(admitted) == 3
    assert all(isinstance(each, (Admission, OthersUnderWay)) for each in outcomes)
    failures = await asyncio.gather(*(limiters.attempts.fail(each) for each in admitted))
    assert sorted(failures) == [1, 2, 3]
    assert isinstance(await tried(limiters, account), LoginThrottled)


async def test_after_failures_fewer_are_judged_at_once_and_at_last_one(limiters: Limiters) -> None:
    account = limiters.account()
    await failed(limiters, account, times=2)
    assert isinstance(await tried(limiters, account), Admission)
    assert isinstance(await tried(limiters, account), OthersUnderWay)


async def test_after_a_wait_one_is_judged_at_once(limiters: Limiters) -> None:
    account = limiters.account()
    await failed(limiters, account, times=3)
    await limiters.pass_time(61)
    assert isinstance(await tried(limiters, account), Admission)
    assert isinstance(await tried(limiters, account), OthersUnderWay)


@pytest.mark.parametrize("end", ["fail", "succeed", "give_back"])
async def test_whoever_is_judged_makes_room(limiters: Limiters, end: str) -> None:
    account = limiters.account()
    await failed(limiters, account)
    admissions = [await limiters.attempts.admit([account]) for _ in range(2)]
    assert isinstance(await tried(limiters, account), OthersUnderWay)
    await getattr(limiters.attempts, end)(admissions[0])
    expected = OthersUnderWay if end == "fail" else Admission
    assert isinstance(await tried(limiters, account), expected)


async def test_the_place_of_somebody_who_died_is_free_again_after_a_while(
    limiters: Limiters,
) -> None:
    account = limiters.account()
    for _ in range(3):
        await limiters.attempts.admit([account])
    assert isinstance(await tried(limiters, account), OthersUnderWay)
    await limiters.pass_time(LEASE_SECONDS + 1)
    assert isinstance(await tried(limiters, account), Admission)


async def test_an_address_has_places_of_its_own(limiters: Limiters) -> None:
    address = limiters.address()
    for _ in range(6):
        await limiters.attempts.admit([limiters.account(), address])
    assert isinstance(await tried(limiters, limiters.account(), address), OthersUnderWay)
    assert isinstance(await tried(limiters, limiters.account()), Admission)


async def test_a_rate_allows_a_burst_and_then_one_call_at_a_time(limiters: Limiters) -> None:
    key, rate = limiters.key(), Rate(calls=4, window_seconds=400)
    allowances = [await limiters.rates.take(key, rate) for _ in range(4)]
    assert [each.remaining for each in allowances] == [3, 2, 1, 0]
    assert all(each.is_allowed for each in allowances)
    refused = await limiters.rates.take(key, rate)
    assert not refused.is_allowed
    assert 95 < refused.retry_after_seconds <= 100
    assert 395 < refused.reset_after_seconds <= 400
    await limiters.pass_time(101)
    assert (await limiters.rates.take(key, rate)).is_allowed
    assert not (await limiters.rates.take(key, rate)).is_allowed


async def test_a_refused_call_uses_nothing_up(limiters: Limiters) -> None:
    key, rate = limiters.key(), Rate(calls=1, window_seconds=100)
    await limiters.rates.take(key, rate)
    for _ in range(10):
        assert not (await limiters.rates.take(key, rate)).is_allowed
    await limiters.pass_time(101)
    assert (await limiters.rates.take(key, rate)).is_allowed


async def test_rates_of_different_keys_do_not_touch_each_other(limiters: Limiters) -> None:
    rate = Rate(calls=1, window_seconds=100)
    for _ in range(3):
        key = limiters.key()
        assert (await limiters.rates.take(key, rate)).is_allowed


async def test_of_many_calls_at_once_no_more_are_allowed_than_the_rate_says(
    limiters: Limiters,
) -> None:
    key, rate = limiters.key(), Rate(calls=25, window_seconds=2500)
    allowances = await asyncio.gather(*(limiters.rates.take(key, rate) for _ in range(200)))
    assert sum(each.is_allowed for each in allowances) == 25
