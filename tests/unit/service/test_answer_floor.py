"""An answer comes no sooner than at its floor, whatever the work."""

# ruff: noqa: ANN401 - the loop has a signature of its own

import asyncio
from typing import Any

import pytest

from core.service.answer_floor import no_sooner_than


class StoppedLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only while somebody sleeps: no test waits."""

    passed = 0.0

    def time(self) -> float:
        return self.passed

    def call_at(  # type: ignore[override] # its own signature is generic
        self,
        when: float,
        callback: Any,
        *args: Any,
        context: Any = None,
    ) -> asyncio.TimerHandle:
        self.passed = max(self.passed, when)
        return super().call_at(when, callback, *args, context=context)


def taken(work_seconds: float, floor_seconds: float, error: BaseException | None = None) -> float:
    """Return how long a block took."""

    async def run() -> None:
        async with no_sooner_than(floor_seconds):
            await asyncio.sleep(work_seconds)
            if error is not None:
                raise error

    loop = StoppedLoop()
    try:
        loop.run_until_complete(run())
    except (LookupError, asyncio.CancelledError):
        assert error is not None
    finally:
        loop.close()
    return loop.passed


@pytest.mark.parametrize(
    ("work", "total"), [(0.0, 0.1), (0.02, 0.1), (0.099, 0.1), (0.101, 0.101), (0.25, 0.25)]
)
def test_what_is_done_soon_is_answered_at_the_floor(work: float, total: float) -> None:
    assert taken(work, 0.1) == pytest.approx(total)


def test_an_error_takes_as_long() -> None:
    assert taken(0.02, 0.1, LookupError()) == pytest.approx(0.1)


def test_a_cancelled_call_ends_at_once() -> None:
    assert taken(0.02, 0.1, asyncio.CancelledError()) == pytest.approx(0.02)


def test_without_a_floor_nothing_is_waited_for() -> None:
    assert taken(0.02, 0.0) == pytest.approx(0.02)
