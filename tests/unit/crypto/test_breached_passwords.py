"""Breached passwords are looked up in a file that an operator replaces while we run."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.crypto.background_pool import BackgroundPool
from core.crypto.breached_passwords import BreachedPasswords
from core.crypto.digest_file import DigestFileRefused
from core.crypto.password_screen import ListedPasswords
from core.domain.errors import ServerBusy

DEADLINE_SECONDS = 20.0


def lines_of(passwords: Sequence[str]) -> str:
    digests = (
        hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        for password in passwords
    )
    return "".join(f"{digest.upper()}:{count}\r\n" for count, digest in enumerate(sorted(digests)))


def put(path: Path, content: str) -> None:
    """Replace the file as an operator should: by renaming another one to its name."""
    new = path.with_suffix(".new")
    new.write_text(content, newline="")
    new.rename(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "breached.txt"
    put(path, lines_of(["hunter2", "correct horse", "pa\u0301ss phrase of old", "\ud800"]))
    return path


def test_a_password_in_the_file_is_breached(path: Path) -> None:
    breached = BreachedPasswords(path)
    assert breached.hold("hunter2")
    assert breached.hold("correct horse")
    assert breached.hold("\ud800")
    assert not breached.hold("Hunter2")
    assert not breached.hold("battery staple")
    assert not breached.hold("")


def test_a_password_is_looked_up_as_it_was_typed_and_in_its_normal_form(path: Path) -> None:
    breached = BreachedPasswords(path)
    assert breached.hold("\uff48\uff55\uff4e\uff54\uff45\uff52\uff12")
    assert breached.hold("pa\u0301ss phrase of old")
    assert not breached.hold("p\xe1ss phrase of old")


def test_a_file_that_takes_the_first_ones_place_is_searched_from_then_on(path: Path) -> None:
    breached = BreachedPasswords(path)
    put(path, lines_of(["battery staple", "another one"]))
    with capture_logs() as log:
        assert breached.hold("battery staple")
        assert not breached.hold("hunter2")
    assert [line["event"] for line in log] == ["breached_digests_replaced"]


@pytest.mark.parametrize("content", ["", "no digests\n", "B" * 40 + "\n" + "A" * 40 + "\n"])
def test_a_damaged_file_does_not_take_a_good_ones_place(path: Path, content: str) -> None:
    breached = BreachedPasswords(path)
    put(path, content)
    with capture_logs() as log:
        assert breached.hold("hunter2")
        assert not breached.hold("battery staple")
    assert [line["event"] for line in log] == ["breached_digests_not_replaced"]
    assert str(path.parent) not in str(log)
    put(path, lines_of(["battery staple"]))
    assert breached.hold("battery staple")


def test_a_file_that_is_gone_serves_on(path: Path) -> None:
    breached = BreachedPasswords(path)
    path.unlink()
    with capture_logs() as log:
        assert breached.hold("hunter2")
        assert breached.hold("hunter2")
    assert [line["event"] for line in log] == ["breached_digests_not_replaced"]
    put(path, lines_of(["battery staple"]))
    assert breached.hold("battery staple")


def test_a_file_that_is_cut_short_where_it_lies_ends_nothing(path: Path) -> None:
    """Against the rules, but nobody's process may die of it, as one would that maps the file."""
    put(path, lines_of([f"password number {number}" for number in range(5000)]))
    breached = BreachedPasswords(path)
    os.truncate(path, 100)
    with capture_logs() as log:
        assert not breached.hold("password number 4711")
    assert "breached_digests_not_replaced" in [line["event"] for line in log]


def test_a_line_that_is_damaged_later_on_is_logged_and_holds_nothing(path: Path) -> None:
    breached = BreachedPasswords(path)
    present = path.stat()
    with path.open("r+b") as file:
        file.write(b"x" * present.st_size)
    os.utime(path, ns=(present.st_atime_ns, present.st_mtime_ns))
    with capture_logs() as log:
        assert not breached.hold("hunter2")
    assert [line["event"] for line in log] == ["breached_digests_damaged"]
    assert "hunter2" not in str(log)


def test_many_threads_look_up_while_the_file_is_being_replaced(path: Path) -> None:
    put(path, lines_of(["always there", "old"]))
    breached = BreachedPasswords(path)
    stop, wrong = threading.Event(), []

    def look_up() -> None:
        while not stop.is_set():
            if not breached.hold("always there"):
                wrong.append("always there")

    threads = [threading.Thread(target=look_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100):
        put(path, lines_of(["always there", f"new {number}"]))
        assert breached.hold(f"new {number}")
    stop.set()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert wrong == []


def test_old_versions_are_closed(path: Path) -> None:
    breached = BreachedPasswords(path)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        put(path, lines_of([f"new {number}"]))
        assert breached.hold(f"new {number}")
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_start_with_a_damaged_file_says_which_and_where(path: Path) -> None:
    put(path, lines_of(["hunter2"]) + "DEADBEEF\r\n")
    with pytest.raises(DigestFileRefused, match=r"^breached.txt has no line of a digest around"):
        BreachedPasswords(path)


@pytest.fixture
def pool() -> Iterator[BackgroundPool]:
    pool = BackgroundPool(threads=1, queue_limit=0)
    yield pool
    pool._executor.shutdown()


async def test_look_ups_run_beside_the_event_loop_in_a_bounded_number(
    path: Path, pool: BackgroundPool
) -> None:
    screen = ListedPasswords({"password"}, BreachedPasswords(path), pool)
    loop_thread, entered, let_go = threading.get_ident(), threading.Event(), threading.Event()

    class Slow(BreachedPasswords):
        def hold(self, password: str) -> bool:
            assert threading.get_ident() != loop_thread
            entered.set()
            assert let_go.wait(DEADLINE_SECONDS)
            return super().hold(password)

    screen._breached = Slow(path)
    first = asyncio.create_task(screen.is_breached("hunter2"))
    assert await asyncio.to_thread(entered.wait, DEADLINE_SECONDS)
    with pytest.raises(ServerBusy):
        await screen.is_breached("hunter2")
    let_go.set()
    assert await first


async def test_without_a_file_nothing_is_breached_and_nothing_waits(pool: BackgroundPool) -> None:
    screen = ListedPasswords({"password"}, None, pool)
    assert not await screen.is_breached("hunter2")
    assert (pool.waiting, pool.running) == (0, 0)


def test_one_form_on_the_list_is_enough(pool: BackgroundPool) -> None:
    screen = ListedPasswords({"password", "letmein"}, None, pool)
    assert screen.is_common({"letmein2026", "letmein"})
    assert not screen.is_common({"let me in", "letmeinn"})
    assert not screen.is_common(frozenset())
