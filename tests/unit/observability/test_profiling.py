"""A process can tell where its time goes, and does so only where somebody asked for it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.observability import profiling
from core.observability.profiling import Profiler, ProfilingOptions
from tests.fakes.clock import FakeClock
from tests.postgres_client import until

pytestmark = pytest.mark.asyncio


@pytest.fixture
def working() -> Iterator[None]:
    """A thread that is busy in a function with a name."""
    stopping = threading.Event()

    def counting_sheep() -> None:
        while not stopping.wait(0.001):
            pass

    thread = threading.Thread(target=counting_sheep, name="shepherd")
    thread.start()
    yield
    stopping.set()
    thread.join()


def profiler(folder: Path | None, *, seconds: float = 0.1, every: float = 0.0) -> Profiler:
    options = ProfilingOptions(folder=folder, seconds=seconds, every_seconds=every, process="core")
    return Profiler(options, now=FakeClock().now)


def profiles(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.collapsed"))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def _written(folder: Path) -> bool:
    return bool(profiles(folder))


@pytest.mark.usefixtures("working")
async def test_a_profile_names_threads_and_functions_from_the_outermost_on(tmp_path: Path) -> None:
    taking = profiler(tmp_path)
    taking.begin()
    await until(lambda: _written(tmp_path))
    (file,) = profiles(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    stacks = [line.rpartition(" ") for line in file.read_text().splitlines()]
    assert all(int(count) > 0 for _, _, count in stacks)
    busy = [stack for stack, _, _ in stacks if stack.startswith("shepherd;")]
    assert all(stack.index("Thread.run") < stack.index("counting_sheep") for stack in busy)
    assert any("counting_sheep" in stack for stack, _, _ in stacks)
    assert names(tmp_path) == [file.name]


async def test_without_a_folder_nothing_is_sampled_and_the_log_says_so() -> None:
    with capture_logs() as logs:
        profiler(None).begin()
    assert [line["event"] for line in logs] == ["profiling_is_off"]


async def test_a_second_profile_waits_for_nobody_and_is_not_taken(tmp_path: Path) -> None:
    taking = profiler(tmp_path)
    with capture_logs() as logs:
        taking.begin()
        taking.begin()
        await until(lambda: _written(tmp_path))
    assert [line["event"] for line in logs].count("profile_begins") == 1
    assert "profile_under_way" in {line["event"] for line in logs}


async def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    taking = profiler(tmp_path / "missing")

    async def told() -> bool:
        return "profile_unwritten" in {line["event"] for line in logs}

    with capture_logs() as logs:
        taking.begin()
        await until(told)


async def test_profiles_are_taken_regularly_where_that_is_set_and_end_with_the_process(
    tmp_path: Path,
) -> None:
    taking = profiler(tmp_path, seconds=0.05, every=0.01)
    taking.start()
    await until(lambda: _written(tmp_path))
    await taking.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("profil")]


async def test_old_profiles_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling, "MOST_FILES", 2)
    for name in ("a", "b"):
        (tmp_path / f"{name}.collapsed").touch()
    profiler(tmp_path, seconds=0.01).begin()

    async def made_room() -> bool:
        return len(profiles(tmp_path)) == 2 and not (tmp_path / "a.collapsed").exists()

    await until(made_room)
