"""Every seal's checkpoint gets out, late rather than never; what contradicts the seals is told."""

from pathlib import Path

import pytest

from core.audit.checkpoint_carrier import CheckpointCarrier
from core.audit.checkpoint_file import CheckpointFile, stored_checkpoints
from core.domain.backoff import BackoffPolicy
from core.domain.errors import DependencyUnavailable
from tests.fakes.audit_seals import RecordingSealerMetrics
from tests.unit.audit.seals_in_memory import SealsInMemory


class Scene:
    """A carrier between seals in memory and a file; its time stands still until it is told."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seals = SealsInMemory()
        self.metrics = RecordingSealerMetrics()
        self.now = 0.0
        self.carrier = CheckpointCarrier(
            log=self.seals,
            store=CheckpointFile(file),
            metrics=self.metrics,
            monotonic=lambda: self.now,
            random=lambda: 1.0,
            backoff=BackoffPolicy(initial_seconds=1.0, max_seconds=4.0),
        )

    @property
    def numbers(self) -> list[int]:
        return [c.number for c in stored_checkpoints(self.file)] if self.file.exists() else []


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "checkpoints")


async def test_what_is_missing_is_written_in_order(scene: Scene) -> None:
    await scene.carrier.carry()
    assert scene.numbers == []
    await scene.seals.make(3)
    await scene.carrier.carry()
    await scene.seals.make(2)
    await scene.carrier.carry()
    await scene.carrier.carry()
    assert scene.numbers == [1, 2, 3, 4, 5]
    assert scene.metrics.missing[-1] == 0
    assert not scene.metrics.failures


async def test_more_than_fits_into_one_step_is_written_as_well(scene: Scene) -> None:
    await scene.seals.make(1201)
    await scene.carrier.carry()
    assert scene.numbers == list(range(1, 1202))


async def test_a_place_that_was_away_gets_what_it_missed(scene: Scene) -> None:
    scene.file.mkdir()
    await scene.seals.make(2)
    await scene.carrier.carry()
    await scene.carrier.carry()
    assert scene.metrics.failures == {"checkpoints": 1}, "the second time was too early"
    assert scene.metrics.missing[-1:] != [0]
    scene.file.rmdir()
    scene.now += 1.0
    await scene.carrier.carry()
    assert scene.numbers == [1, 2]


async def test_a_log_that_is_away_is_asked_again_later(scene: Scene) -> None:
    await scene.seals.make(1)
    scene.seals.failure = DependencyUnavailable("postgres")
    await scene.carrier.carry()
    scene.seals.failure = RuntimeError("a defect")
    scene.now += 1.0
    await scene.carrier.carry()
    assert scene.metrics.failures == {"postgres": 1, "internal": 1}
    scene.seals.failure = None
    scene.now += 2.0
    await scene.carrier.carry()
    assert scene.numbers == [1]


async def test_seals_that_were_deleted_or_made_anew_are_told(scene: Scene) -> None:
    await scene.seals.make(3)
    await scene.carrier.carry()
    del scene.seals.heads[-1]
    await scene.carrier.carry()
    assert scene.metrics.failures == {"checkpoints_contradict": 1}
    other = SealsInMemory()
    await other.make(4)
    scene.seals.heads[:] = other.heads
    scene.now += 1.0
    await scene.carrier.carry()
    assert scene.metrics.failures == {"checkpoints_contradict": 2}
    assert scene.numbers == [1, 2, 3]
