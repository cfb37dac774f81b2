"""Limits go on without Redis, and go back to it."""

import pytest
from structlog.testing import capture_logs

from core.domain.errors import DependencyUnavailable, LoginThrottled
from core.redis.failover import Failover


class Redis:
    """Answers, or does not; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None

    async def answer(self) -> str:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return "shared"


async def local() -> str:
    return "local"


class Scene:
    def __init__(self) -> None:
        self.now = 0.0
        self.redis = Redis()
        self.failover = Failover(retry_seconds=2.0, seconds=lambda: self.now)

    async def ask(self) -> str:
        return await self.failover.run(self.redis.answer, local)


async def test_as_long_as_redis_answers_it_is_asked() -> None:
    scene = Scene()
    assert [await scene.ask() for _ in range(3)] == ["shared"] * 3
    assert not scene.failover.is_local


async def test_without_redis_the_process_goes_on_and_asks_it_only_now_and_then() -> None:
    scene = Scene()
    scene.redis.error = DependencyUnavailable("redis")
    assert [await scene.ask() for _ in range(100)] == ["local"] * 100
    assert scene.redis.asked == 1
    assert scene.failover.is_local
    scene.now = 2.0
    assert [await scene.ask() for _ in range(100)] == ["local"] * 100
    assert scene.redis.asked == 2


async def test_when_redis_is_back_it_is_asked_again() -> None:
    scene = Scene()
    scene.redis.error = DependencyUnavailable("redis")
    await scene.ask()
    scene.redis.error = None
    scene.now = 1.9
    assert await scene.ask() == "local"
    scene.now = 2.0
    assert [await scene.ask() for _ in range(3)] == ["shared"] * 3
    assert not scene.failover.is_local


async def test_a_refusal_is_an_answer() -> None:
    scene = Scene()
    scene.redis.error = DependencyUnavailable("redis")
    await scene.ask()
    scene.now = 2.0
    scene.redis.error = LoginThrottled()
    with pytest.raises(LoginThrottled):
        await scene.ask()
    assert not scene.failover.is_local


async def test_while_one_asks_whether_redis_is_back_the_others_do_not_wait() -> None:
    scene = Scene()
    scene.redis.error = DependencyUnavailable("redis")
    await scene.ask()
    scene.now = 2.0
    meanwhile: list[str] = []

    async def slow() -> str:
        meanwhile.append(await scene.ask())
        return "shared"

    assert await scene.failover.run(slow, local) == "shared"
    assert meanwhile == ["local"]


async def test_an_outage_is_logged_when_it_begins_and_when_it_ends() -> None:
    scene = Scene()
    with capture_logs() as log:
        scene.redis.error = DependencyUnavailable("redis", detail="ConnectionError")
        for second in range(10):
            scene.now = float(second)
            await scene.ask()
        scene.redis.error = None
        scene.now = 20.0
        await scene.ask()
        await scene.ask()
    assert [entry["event"] for entry in log] == ["limits_are_local", "limits_are_shared_again"]
    assert log[0]["detail"] == "ConnectionError"
