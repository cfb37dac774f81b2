"""Page tokens are opaque, and worth nothing where they do not belong."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.page_tokens import SealedPageTokens
from core.domain.errors import PageTokenInvalid

CODEC = SealedPageTokens([bytes(range(32))])
FILTERS = {"role": "admin", "query": "ada"}


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_the_position_comes_back(position: str) -> None:
    assert CODEC.decode(CODEC.encode(position, FILTERS), FILTERS) == position


def test_the_order_of_filters_does_not_matter() -> None:
    token = CODEC.encode("after this", FILTERS)
    assert CODEC.decode(token, dict(reversed(FILTERS.items()))) == "after this"


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"role": "admin"},
        {"role": "admin", "query": "ada "},
        {"role": "ada", "query": "admin"},
        {"role": "admin", "query": "ada", "status": ""},
        {"role": 'admin","query":"ada'},
    ],
)
def test_other_filters_are_refused(filters: dict[str, str]) -> None:
    with pytest.raises(PageTokenInvalid):
        CODEC.decode(CODEC.encode("after this", FILTERS), filters)


def test_no_letter_of_a_token_can_be_changed() -> None:
    token = CODEC.encode("after this", FILTERS)
    for index, letter in enumerate(token):
        changed = token[:index] + ("A" if letter != "A" else "B") + token[index + 1 :]
        with pytest.raises(PageTokenInvalid):
            CODEC.decode(changed, FILTERS)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "AAAA",
        "not base64!",
        "é",
        "\ud800",
        "A" * 5000,
        base64.urlsafe_b64encode(b"after this").decode(),
        CODEC.encode("after this", FILTERS) + "=",
        CODEC.encode("after this", FILTERS)[:-2],
        CODEC.encode("after this", FILTERS) * 2,
        SealedPageTokens([bytes(32)]).encode("after this", FILTERS),
    ],
)
def test_what_was_not_issued_here_is_refused(token: str) -> None:
    with pytest.raises(PageTokenInvalid):
        CODEC.decode(token, FILTERS)


def test_a_token_can_stand_in_a_url_and_shows_nothing() -> None:
    token = CODEC.encode("ada@example.com", FILTERS)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    seen = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"ada" not in seen
    assert b"example" not in seen


def test_one_position_has_one_token() -> None:
    assert CODEC.encode("after this", FILTERS) == CODEC.encode("after this", FILTERS)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedPageTokens([bytes(31)])


def test_a_token_outlives_the_change_of_its_key() -> None:
    old, new = bytes(range(32)), bytes(range(1, 33))
    replica = SealedPageTokens([old])
    token = replica.encode("after this", FILTERS)
    replica.replace([new, old])
    assert replica.decode(token, FILTERS) == "after this"
    later = replica.encode("after this", FILTERS)
    assert later != token
    replica.replace([new])
    assert replica.decode(later, FILTERS) == "after this"
    with pytest.raises(PageTokenInvalid):
        replica.decode(token, FILTERS)


def test_replicas_that_change_their_keys_one_after_the_other_read_each_other() -> None:
    """The next key is added first, works second, and the former one leaves last."""
    old, new = bytes(range(32)), bytes(range(1, 33))
    steps = [[old], [old, new], [new, old], [new]]
    for before, after in pairwise(steps):
        ahead, behind = SealedPageTokens(after), SealedPageTokens(before)
        assert behind.decode(ahead.encode("after this", FILTERS), FILTERS) == "after this"
        assert ahead.decode(behind.encode("after this", FILTERS), FILTERS) == "after this"


@pytest.mark.parametrize("keys", [[], [bytes(31)], [bytes(32), bytes(31)]])
def test_keys_that_are_refused_leave_the_old_ones_in_use(keys: list[bytes]) -> None:
    replica = SealedPageTokens([bytes(range(32))])
    with pytest.raises(ValueError, match="32 bytes"):
        replica.replace(keys)
    assert replica.encode("after this", FILTERS) == CODEC.encode("after this", FILTERS)
