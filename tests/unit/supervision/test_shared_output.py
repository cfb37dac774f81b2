"""Lines of several processes stand behind each other in one pipe, none within another."""

import os
import select
import threading

from supervision.shared_output import SharedOutput


class _Pipe:
    """The writing end, as a stream has it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor


def test_no_line_is_cut_by_another_writer() -> None:
    reading, writing = os.pipe()
    # Batches of different lines, all of them longer than what a pipe takes as a whole.
    batches = {letter: (letter * 299 + "\n").encode() * 400 for letter in "abc"}

    # Each writer has an end of its own, and closes it: the last one's end is the reader's.
    ends = [os.dup(writing) for _ in batches]
    os.close(writing)

    def write(end: int, batch: bytes) -> None:
        try:
            SharedOutput(_Pipe(end)).write(batch)
        finally:
            os.close(end)

    writers = [
        threading.Thread(target=write, args=(end, batch))
        for end, batch in zip(ends, batches.values(), strict=True)
    ]
    for writer in writers:
        writer.start()
    with os.fdopen(reading, "rb") as pipe:
        read = pipe.read()
    for writer in writers:
        writer.join()
    assert len(read) == sum(map(len, batches.values()))
    lines = read.decode().splitlines()
    assert {len(line) for line in lines} == {299}
    assert all(len(set(line)) == 1 for line in lines)


def test_a_line_that_is_too_long_for_that_is_written_whole() -> None:
    reading, writing = os.pipe()
    long = b"x" * (2 * select.PIPE_BUF) + b"\n"
    SharedOutput(_Pipe(writing)).write(b"short\n" + long + b"end\n")
    os.close(writing)
    assert os.read(reading, 4 * select.PIPE_BUF) == b"short\n" + long + b"end\n"
    os.close(reading)
