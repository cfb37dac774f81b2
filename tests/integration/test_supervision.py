"""Workers are started together, replaced when they end, reloaded in turn, and ended together."""

import os
import signal
import time
from pathlib import Path

import pytest

from devstack.process_table import identity
from supervision.backoff import LONGEST_SECONDS, Backoff
from tests.integration.supervised_program import END_SECONDS, WORKERS
from tests.integration.supervision_scene import Scene, serving, set_behaviour, started

CODE_SECONDS = 20.0


def _ended(pids: dict[int, str | None]) -> bool:
    return all(identity(pid) != known for pid, known in pids.items())


def _known(scene: Scene) -> dict[int, str | None]:
    return {pid: identity(pid) for pid in scene.workers}


def test_numbers_are_summed_by_their_rules(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        assert scene.numbers() == {
            "things_total a": 2.0,
            "height": 2.0,
            "weight": 3.0,
            "workers_wanted": 2.0,
            "workers_answering": 2.0,
            "worker_restarts_total": 0.0,
            "worker_requests_total 0": 1.0,
            "worker_requests_total 1": 1.0,
        }
        os.kill(scene.supervisor.pid, signal.SIGUSR2)
        # What is passed on to workers has reached each of them, and is counted once.
        scene.supervisor.wait_until(lambda: scene.numbers().get("things_total a") == 4.0)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("refuse", "there is nothing to do"),
        ("crash", "worker 1 ended with code 3 before it served"),
    ],
)
def test_a_first_start_that_fails_ends_everything(word: str, problem: str, tmp_path: Path) -> None:
    set_behaviour(tmp_path, 1, word)
    with started(tmp_path) as scene:
        code = scene.supervisor.exit_code(seconds=CODE_SECONDS)
        assert code == 1
        assert scene.supervisor.stderr == f"WorkerFailed: {problem}\n"
        assert scene.workers == set()
        assert scene.said("workers_serve") == []


def test_a_start_that_hangs_can_be_given_up(tmp_path: Path) -> None:
    set_behaviour(tmp_path, 0, "mute")
    with started(tmp_path) as scene:
        scene.supervisor.wait_until(lambda: len(scene.workers) == WORKERS)
        scene.supervisor.wait_until(lambda: scene.numbers().get("things_total a") == 2.0)
        scene.supervisor.stop()
        assert scene.said("workers_serve") == []


def test_all_end_together(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        workers = _known(scene)
        scene.supervisor.stop()
        assert _ended(workers)
        assert scene.supervisor.stderr == ""


def test_a_worker_that_does_not_end_is_killed(tmp_path: Path) -> None:
    set_behaviour(tmp_path, 1, "deaf")
    with serving(tmp_path) as scene:
        workers = _known(scene)
        scene.supervisor.stop(seconds=10 * END_SECONDS)
        assert _ended(workers)
        assert [line["worker"] for line in scene.said("worker_end_cut_short")] == [1]


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        workers = _known(scene)
        scene.supervisor.kill()
        scene.supervisor.exit_code(seconds=CODE_SECONDS)
        deadline = time.monotonic() + CODE_SECONDS
        while not _ended(workers):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_worker_that_cannot_start_again_waits_longer_each_time(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        os.kill(scene.supervisor.pid, signal.SIGUSR2)
        scene.supervisor.wait_until(lambda: scene.numbers().get("things_total a") == 4.0)
        scene.set_behaviour(0, "crash")
        victim = _worker(scene, 0)
        os.kill(victim, signal.SIGKILL)
        scene.until_said("worker_start_failed", 2)
        meanwhile = scene.numbers()
        scene.set_behaviour(0, "serve")
        scene.until_said("worker_serves")
        afterwards = scene.numbers()
        waits = [line["in_seconds"] for line in scene.said("worker_starts")]

    assert meanwhile["workers_answering"] == 1.0
    assert meanwhile["things_total a"] == 4.0
    assert (meanwhile["height"], meanwhile["weight"]) == (2.0, 2.0)
    # The new one counts from 1, on top of what the one that was killed had told.
    assert afterwards["things_total a"] == 5.0
    assert afterwards["worker_requests_total 0"] == 3.0
    assert afterwards["worker_restarts_total"] == 1.0
    assert waits[:3] == [0.1, 0.2, 0.4]


def test_waits_have_a_bound_and_begin_anew_after_a_long_life() -> None:
    backoff = Backoff()
    waits = [backoff.after(1.0) for _ in range(12)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_SECONDS
    assert backoff.after(3600.0) == waits[0]


def test_a_worker_that_ends_well_though_nobody_told_it_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        os.kill(_worker(scene, 1), signal.SIGTERM)
        scene.until_said("worker_serves")
        # Its last words are counted: 1, 100 while it ended, and the new one's 1.
        assert scene.numbers()["worker_requests_total 1"] == 102.0


def test_a_reload_replaces_one_after_the_other_and_loses_no_number(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        before = scene.workers
        os.kill(scene.supervisor.pid, signal.SIGHUP)
        scene.until_said("reload_done")
        after = scene.workers
        numbers = scene.numbers()
        replaced = [line["worker"] for line in scene.said("worker_replaced")]
        lost = scene.said("worker_lost")
        scene.supervisor.stop()

    assert len(after) == WORKERS
    assert before & after == set()
    assert replaced == [0, 1]
    assert lost == []
    assert numbers["things_total a"] == 2 * (1 + 100) + 2
    assert numbers["worker_restarts_total"] == 0.0


def test_a_reload_whose_new_worker_fails_keeps_the_old_ones(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        before = scene.workers
        scene.set_behaviour(0, "refuse")
        os.kill(scene.supervisor.pid, signal.SIGHUP)
        scene.until_said("reload_failed")
        assert scene.workers == before
        (failed,) = scene.said("reload_failed")
        assert failed["problem"] == "there is nothing to do"
        assert scene.numbers()["workers_answering"] == WORKERS
        # What is mended is taken at the next one.
        scene.set_behaviour(0, "serve")
        os.kill(scene.supervisor.pid, signal.SIGHUP)
        scene.until_said("reload_done")
        assert scene.workers & before == set()


def _worker(scene: Scene, number: int) -> int:
    """Return the process of a worker: those of the first start are in the order of their places."""
    return sorted(scene.workers)[number]
