"""Progress on standard error: plain lines for files, a bar for people."""

import io

from core.bootstrap.data_progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_file_gets_a_line_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress("people", 1000, stream=stream, monotonic=clock)
    progress.skip(200)
    for second in range(1, 21):
        clock.now = second
        progress.advance(20)
    assert stream.getvalue().splitlines() == [
        " 40% 400/1000 people, 20/s, ETA 0:30",
        " 60% 600/1000 people, 20/s, ETA 0:20",
    ]


def test_a_terminal_gets_a_bar_on_one_line() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress("people", 10, stream=stream, monotonic=clock)
    clock.now = 1.0
    progress.advance(5)
    clock.now = 2.0
    assert progress.end() == 2.0
    told = stream.getvalue()
    assert told.count("\r") == 2
    assert "[###############               ]  50% 5/10 people, 5/s, ETA 0:01" in told
    assert told.endswith("\n")
