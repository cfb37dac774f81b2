"""Searching a sorted file of digests where it lies."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.crypto.digest_file import DigestFile, DigestFileRefused

DIGEST = st.integers(0, 16**40 - 1).map(lambda number: f"{number:040X}")
# Digests that begin alike for up to 39 characters, so that every comparison has to go to its end.
ALIKE = st.integers(0, 300).map(lambda number: f"{'ABCDEF' * 6}{number:04X}")

FORMS = ("{}", "{}:7", "{}:12345678901234567890")


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


def written(
    path: Path, lines: Sequence[str], *, end: str = "\n", last_end: bool = True
) -> DigestFile:
    text = end.join(lines) + (end if last_end else "")
    path.write_bytes(text.encode())
    return DigestFile(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "dos"])
@pytest.mark.parametrize("last_end", [True, False], ids=["ended", "open"])
@pytest.mark.parametrize("form", FORMS, ids=["bare", "counted", "long count"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(present=st.sets(DIGEST | ALIKE, min_size=1, max_size=60), absent=st.sets(DIGEST | ALIKE))
def test_a_digest_is_found_exactly_when_it_is_there(
    tmp_path: Path, *, end: str, last_end: bool, form: str, present: set[str], absent: set[str]
) -> None:
    lines = [form.format(digest) for digest in sorted(present)]
    file = written(tmp_path / "digests", lines, end=end, last_end=last_end)
    assert all(file.holds(digest) for digest in present)
    assert not any(file.holds(digest) for digest in absent - present)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    present=st.dictionaries(ALIKE, st.integers(0, 10**20 - 1), min_size=1, max_size=80),
    absent=st.sets(ALIKE),
)
def test_lines_of_different_lengths_do_not_lead_astray(
    tmp_path: Path, present: dict[str, int], absent: set[str]
) -> None:
    lines = [f"{digest}:{present[digest]}" for digest in sorted(present)]
    file = written(tmp_path / "digests", lines)
    assert all(file.holds(digest) for digest in present)
    assert not any(file.holds(digest) for digest in absent - present.keys())


def test_the_first_and_the_last_line_and_what_lies_beyond_them(tmp_path: Path) -> None:
    digests = sorted(f"{number:040X}" for number in range(10, 5000, 7))
    file = written(tmp_path / "digests", [f"{digest}:1" for digest in digests])
    assert file.holds(digests[0])
    assert file.holds(digests[-1])
    assert not file.holds(f"{9:040X}")
    assert not file.holds("F" * 40)
    assert not file.holds("0" * 40)


def test_a_single_line_is_a_file(tmp_path: Path) -> None:
    file = written(tmp_path / "digests", ["A" * 40], last_end=False)
    assert file.holds("A" * 40)
    assert not file.holds("B" * 40)
    assert not file.holds("9" * 40)


def test_digests_may_be_written_in_small_letters(tmp_path: Path) -> None:
    digests = sorted(sha1(str(number)).lower() for number in range(200))
    file = written(tmp_path / "digests", digests)
    assert all(file.holds(digest.upper()) for digest in digests)


def test_empty_lines_at_the_end_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "digests"
    path.write_bytes(b"A" * 40 + b":3\r\n" + b"B" * 40 + b":1\r\n\r\n\n")
    file = DigestFile(path)
    assert file.holds("A" * 40)
    assert file.holds("B" * 40)
    assert not file.holds("C" * 40)


def test_a_file_of_tens_of_gigabytes_is_searched_with_few_short_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for such a file by answering the reads: 2^30 lines of 43 bytes, 46 GB."""
    path = tmp_path / "digests"
    path.write_bytes(b"A" * 40 + b"\n")
    file = DigestFile(path)
    lines, width = 2**30, 43
    reads: list[int] = []

    def line(number: int) -> bytes:
        return f"{number * 16**30:040X}:1\n".encode()

    def pread(_descriptor: int, length: int, place: int) -> bytes:
        reads.append(length)
        first, skipped = divmod(place, width)
        piece = b"".join(line(number) for number in range(first, min(first + 5, lines)))
        return piece[skipped : skipped + length]

    monkeypatch.setattr(os, "pread", pread)
    file._size = lines * width - 1
    for number in (0, 1, 12_345_678, lines - 1):
        assert file.holds(f"{number * 16**30:040X}")
        assert not file.holds(f"{number * 16**30 + 1:040X}")
    assert len(reads) < 8 * 40
    assert max(reads) < 200


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"\n\r\n", "is empty"),
        (b"password\n123456\n", "has no line of a digest"),
        (b"A" * 39 + b"\n", "has no line of a digest"),
        (b"A" * 41 + b"\n", "has no line of a digest"),
        (b"A" * 40 + b":\n", "has no line of a digest"),
        (b"A" * 40 + b":x\n", "has no line of a digest"),
        (b"A" * 40 + b" 7\n", "has no line of a digest"),
        (b"G" * 40 + b"\n", "has no line of a digest"),
        (b"A" * 100_000, "has no line of a digest"),
        (b"A" * 40 + b"\n\n" + b"B" * 40 + b"\n", "has no line of a digest"),
        (b"\xff\xfe" + "A".encode("utf-16-le") * 40, "has no line of a digest"),
        (b"B" * 40 + b"\n" + b"A" * 40 + b"\n", "is not in the order"),
        (b"A" * 40 + b"\n" + b"A" * 40 + b"\n", "is not in the order"),
    ],
)
def test_a_file_in_another_form_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "breached.txt"
    path.write_bytes(content)
    with pytest.raises(DigestFileRefused, match=f"^breached.txt {complaint}") as caught:
        DigestFile(path)
    assert "AAAA" not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DigestFileRefused, match=r"^missing cannot be opened: No such file"):
        DigestFile(tmp_path / "missing")
    with pytest.raises(DigestFileRefused, match="is no regular file"):
        DigestFile(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DigestFileRefused, match="is no regular file"):
        DigestFile(tmp_path / "pipe")


def test_hibps_other_order_is_refused(tmp_path: Path) -> None:
    """The same lines by count instead of by digest are not searchable."""
    digests = [sha1(str(number)) for number in range(1000)]
    with pytest.raises(DigestFileRefused, match="is not in the order"):
        written(tmp_path / "digests", [f"{digest}:{1000 - n}" for n, digest in enumerate(digests)])


@pytest.mark.parametrize("last", ["", "DEADBEEF", "0" * 40], ids=["sound", "cut", "out of order"])
@pytest.mark.parametrize("number", range(5000, 5040, 7))
def test_of_a_long_file_the_last_line_is_tried_as_well(
    tmp_path: Path, number: int, last: str
) -> None:
    """Where a copy broke off, the end shows it; the length decides which lines are tried."""
    lines = [f"{each:040X}" for each in range(1, number)]
    if not last:
        assert written(tmp_path / "digests", lines).holds(lines[-1])
        return
    with pytest.raises(DigestFileRefused, match=r"has no line of a digest|is not in the order"):
        written(tmp_path / "digests", [*lines, last])


def test_the_file_is_closed_with_its_last_user(tmp_path: Path) -> None:
    file = written(tmp_path / "digests", ["A" * 40])
    descriptor = file._descriptor
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
