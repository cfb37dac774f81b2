"""The search for originals: what it finds within a cell, and what it leaves alone."""

import random

import pytest

from core.data.scanning.search import Search
from core.data.scanning.value_filter import ValueFilter

PERSON = "0192f3a4-1b2c-7d3e-8f40-123456789abc"
ORIGINALS = [
    "ada@example.org", "Ada Lovelace", "203.0.113.7", "2001:db8:77::1", PERSON, "ab" * 32,
    "\\x" + "cd" * 32, "Mozilla/5.0 (X11; Linux) Firefox/1.0", "陳大文 先生",
]  # fmt: skip


def hits(*cells: str | None) -> int:
    search = Search(1000, frozenset({"verified"}))
    search.gather(ORIGINALS)
    search.look("table.column", cells)
    return search.confirmed(lambda: ORIGINALS).hits.get("table.column", 0)


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
    search = Search(10, frozenset({"verified"}))
    search.gather(["Verified", "Li", ""])
    assert search.originals == 0


def test_the_filter_misses_nothing_and_is_seldom_wrong() -> None:
    chance = random.Random(1)
    known = [f"{chance.getrandbits(128):x}" for _ in range(20_000)]
    filter_ = ValueFilter(len(known))
    for value in known:
        filter_.add(value)
    assert all(filter_.may_hold(value) for value in known)
    wrong = sum(filter_.may_hold(f"{chance.getrandbits(128):x}") for _ in range(20_000))
    assert wrong < 200


def test_what_only_looks_like_an_original_is_not_told() -> None:
    search = Search(10, frozenset())
    search.gather(["ada@example.org"])
    search.look("table.column", ["ada@example.org"])
    assert search.confirmed(lambda: ["bob@example.org"]).hits == {}
