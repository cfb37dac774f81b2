"""The search for originals: what it finds within a cell, and what it leaves alone."""

import random
from pathlib import Path

import pytest

from core.data.scanning.search import Search
from core.data.scanning.value_filter import ValueFilter, unite

PERSON = "0192f3a4-1b2c-7d3e-8f40-123456789abc"
ORIGINALS = [
    "ada@example.org", "Ada Lovelace", "203.0.113.7", "2001:db8:77::1", PERSON, "ab" * 32,
    "\\x" + "cd" * 32, "Mozilla/5.0 (X11; Linux) Firefox/1.0", "陳大文 先生",
]  # fmt: skip


def search_for(*originals: str) -> Search:
    search = Search(ValueFilter.in_memory(1000), frozenset({"verified"}))
    search.gather(originals)
    return search


def hits(*cells: str | None) -> int:
    search = search_for(*ORIGINALS)
    seen = search.look("table.column", cells)
    confirmed = search.confirm(seen.candidates.keys(), ORIGINALS)
    return seen.report(len(ORIGINALS), confirmed).hits.get("table.column", 0)


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
    ],
)
def test_an_original_is_found_as_a_cell_and_within_one(cell: str) -> None:
    assert hits(cell) == 1


@pytest.mark.parametrize("cell", [None, "", "Ada", "verified", "ada@example.com", "203.0.113.70"])
def test_what_is_no_original_is_left_alone(cell: str | None) -> None:
    assert hits(cell) == 0


def test_words_of_the_services_own_and_short_texts_are_no_originals() -> None:
    assert search_for().gather(["Verified", "Li", ""]) == 0


def test_the_filter_misses_nothing_and_is_seldom_wrong() -> None:
    chance = random.Random(1)
    known = [f"{chance.getrandbits(128):x}" for _ in range(20_000)]
    filter_ = ValueFilter.in_memory(len(known))
    for value in known:
        filter_.add(value)
    assert all(filter_.may_hold(value) for value in known)
    wrong = sum(filter_.may_hold(f"{chance.getrandbits(128):x}") for _ in range(20_000))
    assert wrong < 200


def test_what_only_looks_like_an_original_is_not_told() -> None:
    search = search_for("ada@example.org")
    seen = search.look("table.column", ["ada@example.org"])
    assert list(seen.candidates) == ["ada@example.org"]
    assert search.confirm(seen.candidates.keys(), ["bob@example.org"]) == set()


def test_filters_of_several_processes_know_together_what_each_knows(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one", "two")]
    for path, value in zip(paths, ("ada@example.org", "bob@example.org"), strict=True):
        ValueFilter.in_file(path, 50_000).add(value)
    unite(paths, tmp_path / "both")
    both = ValueFilter.in_file(tmp_path / "both", 50_000)
    assert [both.may_hold(f"{name}@example.org") for name in ("ada", "bob", "eve")] == [
        True,
        True,
        False,
    ]


def test_what_was_seen_in_two_places_is_counted_in_both() -> None:
    search = search_for("ada@example.org")
    seen = search.look("a.b", ["ada@example.org", "for ada@example.org"])
    seen.add(search.look("c.d", ["ada@example.org", "nothing"]))
    report = seen.report(1, {"ada@example.org"})
    assert report.hits == {"a.b": 2, "c.d": 1}
    assert (report.cells, report.columns) == (4, 2)
