"""Calls take connections that are there, and wait a little for those that were lost just now."""

from dataclasses import dataclass, field

import grpc
import pytest

from gateway.channel_turns import ChannelTurns

READY = grpc.ChannelConnectivity.READY
CONNECTING = grpc.ChannelConnectivity.CONNECTING
FAILED = grpc.ChannelConnectivity.TRANSIENT_FAILURE


@dataclass
class Channel:
    state: grpc.ChannelConnectivity

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - gRPC's signature
        assert try_to_connect
        return self.state


@dataclass
class Stage:
    """Channels, and a clock that moves when somebody sleeps; `at` says what happens when."""

    channels: list[Channel]
    now: float = 100.0
    at: dict[float, list[grpc.ChannelConnectivity]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.turns = ChannelTurns(
            channels=self.channels, seconds=lambda: self.now, sleep=self.sleep
        )

    async def call(self, timeout_seconds: float = 30) -> int:
        """Return which channel a call takes."""
        await self.turns.soon(timeout_seconds)
        return self.turns.now()

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [each for each in self.at if each <= self.now]:
            self.show(*self.at.pop(moment))

    def show(self, *states: grpc.ChannelConnectivity) -> None:
        for channel, state in zip(self.channels, states, strict=True):
            channel.state = state


def stage(*states: grpc.ChannelConnectivity) -> Stage:
    return Stage([Channel(state) for state in states])


async def test_connections_take_turns() -> None:
    scene = stage(READY, READY, READY)
    assert [await scene.call() for _ in range(6)] == [1, 2, 0, 1, 2, 0]


async def test_a_channel_without_connection_is_passed_by() -> None:
    scene = stage(READY, FAILED, CONNECTING)
    assert [await scene.call() for _ in range(3)] == [0, 0, 0]


async def test_a_connection_that_was_lost_just_now_is_waited_for() -> None:
    scene = stage(READY, READY)
    await scene.call(1)
    scene.show(FAILED, FAILED)
    scene.at = {100.5: [READY, FAILED]}
    assert await scene.call(5) == 0
    assert scene.now == pytest.approx(100.5, abs=0.02)


async def test_a_core_that_stays_away_is_told_at_once() -> None:
    scene = stage(READY, READY)
    await scene.call(1)
    scene.show(FAILED, FAILED)
    await scene.call(30)
    assert scene.now == pytest.approx(102, abs=0.02)
    await scene.call(30)
    assert scene.now == pytest.approx(102, abs=0.02)


async def test_nobody_waits_longer_than_the_deadline() -> None:
    scene = stage(READY)
    await scene.call(1)
    scene.show(FAILED)
    await scene.call(0.3)
    assert scene.now == pytest.approx(100.3, abs=0.02)


async def test_the_first_call_of_all_waits_for_nothing() -> None:
    scene = stage(grpc.ChannelConnectivity.IDLE, CONNECTING)
    assert [await scene.call(30) for _ in range(2)] == [1, 0]
    assert scene.now == 100.0


async def test_a_stream_begins_at_once() -> None:
    scene = stage(READY, READY)
    scene.turns.now()
    scene.show(FAILED, FAILED)
    assert {scene.turns.now(), scene.turns.now()} == {0, 1}
