"""The process serves exactly while everything that it needs answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from core.observability.health import DETECTION_SECONDS, DependencyState, HealthBoard, Probe
from tests.fakes.clock import START, FakeClock

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 20.0
FAST_SECONDS = 0.01


class Dependency:
    """Answers, fails, or hangs, as the test wants it."""

    def __init__(self, name: str, *, required: bool) -> None:
        self.name = name
        self.required = required
        self.error: Exception | None = None
        self.hangs = False
        self.questions = 0

    async def check(self) -> None:
        self.questions += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error

    def probe(self) -> Probe:
        return Probe(
            name=self.name,
            required=self.required,
            check=self.check,
            interval_seconds=FAST_SECONDS,
            timeout_seconds=0.1,
        )


class World:
    """A board over PostgreSQL and Redis, and whoever listens to it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.postgres = Dependency("postgres", required=True)
        self.redis = Dependency("redis", required=False)
        self.told: list[bool] = []
        self.dependencies: list[DependencyState] = []
        self.board = HealthBoard(
            (self.postgres.probe(), self.redis.probe()),
            now=self.clock.now,
            on_dependency=self.dependencies.append,
        )
        self.board.subscribe(self.told.append)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.board.start()
        try:
            yield
        finally:
            await self.board.stop()

    def is_up(self, name: str) -> bool | None:
        return self.board.detail()[name].is_up


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the board's answer is what is waited for
            await asyncio.sleep(FAST_SECONDS / 2)


async def test_nothing_is_served_before_the_first_probe() -> None:
    world = World()
    assert not world.board.serving
    assert world.told == [False]
    assert world.is_up("postgres") is None


async def test_it_serves_as_soon_as_it_is_started_and_all_is_well() -> None:
    world = World()
    async with world.running():
        assert world.board.serving
        assert world.told == [False, True]


async def test_a_required_dependency_that_is_lost_ends_serving_and_its_return_begins_it() -> None:
    world = World()
    async with world.running():
        world.postgres.error = ConnectionRefusedError()
        await until(lambda: not world.board.serving)
        world.postgres.error = None
        await until(lambda: world.board.serving)
    assert world.told == [False, True, False, True]


async def test_a_dependency_that_hangs_is_lost() -> None:
    world = World()
    async with world.running():
        world.postgres.hangs = True
        await until(lambda: not world.board.serving)
        assert world.board.detail()["postgres"].last_error == "TimeoutError"
        world.postgres.hangs = False
        await until(lambda: world.board.serving)


async def test_it_does_not_serve_if_a_required_dependency_was_never_there() -> None:
    world = World()
    world.postgres.error = ConnectionRefusedError()
    async with world.running():
        assert not world.board.serving
        world.postgres.error = None
        await until(lambda: world.board.serving)


async def test_any_other_dependency_is_only_reported() -> None:
    world = World()
    async with world.running():
        world.redis.error = ConnectionRefusedError()
        await until(lambda: world.is_up("redis") is False)
        assert world.board.serving
    assert world.told == [False, True]


async def test_the_detail_says_since_when_and_what_was_wrong_last() -> None:
    world = World()
    async with world.running():
        world.clock.advance(60)
        error = ConnectionError("ada@example.com")
        error.__cause__ = OSError()
        world.redis.error = error
        await until(lambda: world.is_up("redis") is False)
        lost = world.board.detail()["redis"]
        assert (lost.since - START).total_seconds() == 60
        assert lost.last_error == "ConnectionError (OSError)"
        world.clock.advance(60)
        world.redis.error = None
        await until(lambda: world.is_up("redis") is True)
        back = world.board.detail()["redis"]
        assert (back.since - START).total_seconds() == 120
        assert back.last_error == "ConnectionError (OSError)"
        assert world.board.detail()["postgres"].since == START


async def test_each_change_is_one_line_and_one_message() -> None:
    world = World()
    with capture_logs() as lines:
        async with world.running():
            world.redis.error = ConnectionRefusedError()
            asked = world.redis.questions
            await until(lambda: world.redis.questions > asked + 5)
    events = [(line["event"], line.get("dependency")) for line in lines]
    assert sorted(map(str, events)) == sorted(
        map(
            str,
            [
                ("dependency_up", "postgres"),
                ("dependency_up", "redis"),
                ("serving", None),
                ("dependency_down", "redis"),
            ],
        )
    )
    assert [(state.name, state.is_up) for state in world.dependencies][-1] == ("redis", False)
    assert len(world.dependencies) == 3


async def test_draining_ends_serving_for_good() -> None:
    world = World()
    async with world.running():
        world.board.drain()
        assert world.told == [False, True, False]
        asked = world.postgres.questions
        await until(lambda: world.postgres.questions > asked + 2)
        assert not world.board.serving


async def test_a_late_listener_is_told_the_present_answer() -> None:
    world = World()
    async with world.running():
        told: list[bool] = []
        world.board.subscribe(told.append)
        assert told == [True]


async def test_a_listener_that_fails_does_not_end_the_probing() -> None:
    world = World()
    failing = True

    def fail(serving: bool) -> None:  # noqa: FBT001 - a listener of one fact
        if failing and not serving:
            raise RuntimeError

    async with world.running():
        world.board.subscribe(fail)
        world.postgres.error = ConnectionRefusedError()
        await until(lambda: not world.board.serving)
        world.postgres.error = None
        await until(lambda: world.board.serving)


async def test_a_check_that_does_not_obey_when_told_to_stop_holds_up_nobody() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    probe = Probe(
        name="stubborn",
        required=True,
        check=stubborn,
        interval_seconds=FAST_SECONDS,
        timeout_seconds=0.05,
    )
    board = HealthBoard((probe,), now=FakeClock().now)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await board.start()
    assert not board.serving
    await board.stop()
    release.set()


async def test_the_rhythm_of_a_required_probe_keeps_the_promise() -> None:
    usual = Dependency("postgres", required=True)
    probe = Probe(name="postgres", required=True, check=usual.check)
    assert probe.interval_seconds + probe.timeout_seconds < DETECTION_SECONDS
    with pytest.raises(ValueError, match="may need"):
        Probe(name="slow", required=True, check=usual.check, interval_seconds=1.5)
