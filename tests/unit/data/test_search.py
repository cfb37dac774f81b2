"""The search for originals: what it finds within a cell, and what it leaves alone."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.scanning.digests import PARTS, Digests
from core.data.scanning.known_values import KnownValues, sort_part
from core.data.scanning.originals_file import OriginalsFile
from core.data.scanning.search import Search

PERSON = "0192f3a4-1b2c-7d3e-8f40-123456789abc"
ORIGINALS = [
    "ada@example.org", "Ada Lovelace", "203.0.113.7", "2001:db8:77::1", PERSON, "ab" * 32,
    "\\x" + "cd" * 32, "Mozilla/5.0 (X11; Linux) Firefox/1.0", "陳大文 先生", "447700900123",
]  # fmt: skip


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Counter[str]]:
    """Return what looks through cells for the originals, and counts finds by place."""
    folder, digests = tmp_path_factory.mktemp("scan"), Digests(b"1" * 32)
    with OriginalsFile(folder, "1", digests, frozenset({"verified"})) as file:
        for original in ORIGINALS:
            file.add(original)
    for part in range(PARTS):
        sort_part(folder, part)
    known = KnownValues(folder)

    def looked(*cells: str | None) -> Counter[str]:
        search = Search(known, digests)
        search.look("table.column", cells)
        return search.hits

    return looked


@pytest.mark.parametrize(
    "cell",
    [
        *ORIGINALS,
        "ADA@EXAMPLE.ORG",
        "mail to <ada@example.org>, soon",
        "Yesterday ada lovelace, of all people, called",
        '{"deep": [{"who": "Ada Lovelace"}]}',
        '{"ada@example.org": true}',
        "{pwd,203.0.113.7}",
        '{pwd,"Ada Lovelace"}',
        "from 203.0.113.7.",
        "seen at 2001:db8:77::1 at noon",
        f"/v1/users/{PERSON}:restore",
        "cd" * 32,
        f"00-{'ab' * 32}-x",
        "\\x" + b"Ada Lovelace".hex(),
        "\\x" + b'{"who": "ada@example.org"}'.hex(),
        '{"{\\"who\\": \\"Ada Lovelace\\"}"}',
        '"{\\"who\\": \\"Ada Lovelace\\"}"',
        '{"who": "\\u0041da Lovelace"}',
        "{0192F3A4-1B2C-7D3E-8F40-123456789ABC,NULL}",
        "203.0.113.7/32",
        '{"called": 447700900123}',
        "[ada@example.org",
        "[" * 5000 + "ada@example.org",
    ],
)
def test_an_original_is_found_as_a_cell_and_within_one(
    look: Callable[..., Counter[str]], cell: str
) -> None:
    assert look(cell, "other", cell) == {"table.column": 2}


@pytest.mark.parametrize(
    "cell",
    [None, "", "Ada", "verified", "ada@example.com", "203.0.113.70", "[x", "{[{[", "\\xff", "{}"],
)
def test_what_is_no_original_is_left_alone(
    look: Callable[..., Counter[str]], cell: str | None
) -> None:
    assert not look(cell)


def test_words_of_the_services_own_and_short_texts_are_no_originals(tmp_path: Path) -> None:
    file = OriginalsFile(tmp_path, "1", Digests(b"1" * 32), frozenset({"verified"}))
    with file:
        for value in ("Verified", "Li", ""):
            file.add(value)
    assert file.originals == 0
    assert list(tmp_path.iterdir()) == []


def test_every_value_is_known_and_no_other_whichever_process_wrote_it(tmp_path: Path) -> None:
    chance, digests = random.Random(1), Digests(b"1" * 32)
    known = [f"{chance.getrandbits(128):x}" for _ in range(20_000)]
    for name in ("1", "2"):
        with OriginalsFile(tmp_path, name, digests, frozenset()) as file:
            # Half of them by both.
            for value in known[:15_000] if name == "1" else known[5_000:]:
                file.add(value)
    assert sum(sort_part(tmp_path, part) for part in range(PARTS)) == len(known)
    values = KnownValues(tmp_path)
    assert all(values.holds(digests.digest(value)) for value in known)
    others = [f"{chance.getrandbits(128):x}" for _ in range(20_000)]
    assert not any(values.holds(digests.digest(value)) for value in others)
    assert not any(values.holds(Digests(b"2" * 32).digest(value)) for value in known)
    values.close()


def test_what_lies_on_the_disk_tells_no_value(tmp_path: Path) -> None:
    with OriginalsFile(tmp_path, "1", Digests(b"1" * 32), frozenset()) as file:
        for original in ORIGINALS:
            file.add(original)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir()).lower()
    assert len(written) == len(ORIGINALS) * 16
    assert not any(original.lower().encode()[:8] in written for original in ORIGINALS)
