"""A file of checkpoints: each once and whole, whoever died while writing and however many write."""

import asyncio
from multiprocessing import get_context
from pathlib import Path

import pytest

from core.audit.checkpoint_file import CheckpointFile, stored_checkpoints
from core.domain.audit_checkpoint import Checkpoint, checkpoint_note
from core.domain.audit_seal import SignedHead
from core.domain.errors import DependencyUnavailable
from tests.unit.audit.seals_in_memory import SealsInMemory


@pytest.fixture
async def heads() -> list[SignedHead]:
    seals = SealsInMemory()
    await seals.make(4)
    return seals.heads


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "checkpoints"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def leave(file: Path, data: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)


def numbers(file: Path) -> list[int]:
    return [checkpoint.number for checkpoint in stored_checkpoints(file)]


async def test_what_was_written_is_read_again(file: Path, heads: list[SignedHead]) -> None:
    store = CheckpointFile(file)
    assert await store.newest() is None
    assert await store.append(heads[:3]) == 3
    newest = await store.newest()
    assert newest == Checkpoint.parse(checkpoint_note(heads[2]))
    assert (mode(file), mode(file.parent)) == (0o640, 0o750)
    assert [c.note for c in stored_checkpoints(file)] == [checkpoint_note(h) for h in heads[:3]]


async def test_none_is_written_twice(file: Path, heads: list[SignedHead]) -> None:
    one, other = CheckpointFile(file), CheckpointFile(file)
    await one.append(heads[:2])
    assert await other.append(heads) == 2
    assert await one.append(heads) == 0
    assert numbers(file) == [1, 2, 3, 4]


async def test_what_another_process_has_written_is_seen(
    file: Path, heads: list[SignedHead]
) -> None:
    one, other = CheckpointFile(file), CheckpointFile(file)
    await one.append(heads[:1])
    await one.newest()
    await other.append(heads[:3])
    newest = await one.newest()
    assert newest is not None
    assert newest.number == 3


async def test_whatever_a_writer_left_when_it_died_the_rest_is_whole(
    file: Path, heads: list[SignedHead]
) -> None:
    whole = "".join(f"{checkpoint_note(signed)}\n" for signed in heads[:2]).encode()
    first = len(f"{checkpoint_note(heads[0])}\n".encode())
    for length in range(first, len(whole) + 1):
        leave(file, whole[:length])
        await CheckpointFile(file).append(heads)
        assert numbers(file) == [1, 2, 3, 4], whole[:length][-40:]


async def test_a_long_file_that_ends_in_rubbish_is_read_from_its_beginning(
    file: Path, heads: list[SignedHead]
) -> None:
    store = CheckpointFile(file)
    await store.append(heads[:2])
    with file.open("ab") as stream:
        stream.write(b"\xff rubbish\n" * 2000)
    assert await store.append(heads) == 2
    assert numbers(file) == [1, 2, 3, 4]


def _append(file: Path, heads: list[SignedHead]) -> None:
    for count in range(1, len(heads) + 1):
        asyncio.run(CheckpointFile(file).append(heads[:count]))


async def test_several_processes_share_a_file(file: Path) -> None:
    seals = SealsInMemory()
    await seals.make(30)
    spawning = get_context("spawn")
    writers = [spawning.Process(target=_append, args=(file, seals.heads)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join)
        assert writer.exitcode == 0
    assert numbers(file) == list(range(1, 31))


async def test_a_place_that_is_away_is_told_by_its_name(
    tmp_path: Path, heads: list[SignedHead]
) -> None:
    (tmp_path / "audit").write_text("no folder")
    store = CheckpointFile(tmp_path / "audit" / "checkpoints")
    for work in (store.newest, lambda: store.append(heads)):
        with pytest.raises(DependencyUnavailable) as away:
            await work()
        assert away.value.dependency == "checkpoints"
        assert away.value.detail in {"ENOTDIR", "EEXIST"}
