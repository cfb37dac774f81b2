"""One key follows another: announced, then signing, then verifying, then gone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Conflict
from core.domain.signing_key import (
    KeyPair,
    KeyRotationPolicy,
    KeyState,
    StoredKey,
    is_valid,
    signer_among,
    statuses,
)
from tests.fakes.clock import START

ANNOUNCEMENT = timedelta(seconds=340)
LIFE = timedelta(hours=24)
SKEW = timedelta(seconds=5)
SECOND = timedelta(seconds=1)
POLICY = KeyRotationPolicy(
    announcement_seconds=ANNOUNCEMENT.total_seconds(),
    longest_token_seconds=LIFE.total_seconds(),
    clock_skew_seconds=SKEW.total_seconds(),
)
FIRST = StoredKey(
    kid="first", private_key_pem="pem", published_at=START - LIFE, signs_from=START - LIFE
)


def pair(kid: str) -> KeyPair:
    return KeyPair(kid=kid, private_key_pem=f"pem of {kid}")


def announced(
    keys: Sequence[StoredKey], kid: str, now: datetime, *, force: bool = False
) -> tuple[StoredKey, ...]:
    return POLICY.announce(keys, pair(kid), now=now, force=force)


def states(keys: Sequence[StoredKey], now: datetime) -> dict[str, KeyState]:
    return {each.kid: each.state for each in statuses(keys, now)}


def test_a_new_key_is_announced_for_as_long_as_the_policy_says_before_it_signs() -> None:
    keys = announced([FIRST], "second", START)
    assert keys[-1] == StoredKey(
        kid="second",
        private_key_pem="pem of second",
        published_at=START,
        signs_from=START + ANNOUNCEMENT,
    )
    before = START + ANNOUNCEMENT - SECOND
    assert states(keys, before) == {"first": KeyState.SIGNING, "second": KeyState.ANNOUNCED}
    after = START + ANNOUNCEMENT
    assert states(keys, after) == {"first": KeyState.VERIFYING, "second": KeyState.SIGNING}


def test_the_old_key_verifies_until_its_last_token_has_expired_and_the_clocks_agree() -> None:
    old, _ = announced([FIRST], "second", START)
    end = START + ANNOUNCEMENT + LIFE + SKEW
    assert old == replace(FIRST, expires_at=end)
    assert is_valid(old, end - SECOND)
    assert not is_valid(old, end)


def test_a_key_that_has_expired_is_dropped_by_the_next_rotation() -> None:
    keys = announced([FIRST], "second", START)
    later = START + ANNOUNCEMENT + LIFE + SKEW
    assert states(keys, later)["first"] is KeyState.EXPIRED
    assert [key.kid for key in announced(keys, "third", later)] == ["second", "third"]


def test_a_second_rotation_waits_until_the_announced_key_signs() -> None:
    keys = announced([FIRST], "second", START)
    with pytest.raises(Conflict, match="does not sign yet"):
        announced(keys, "third", START + ANNOUNCEMENT - SECOND)
    assert announced(keys, "third", START + ANNOUNCEMENT)[-1].kid == "third"


def test_a_forced_rotation_leaves_the_announced_key_its_turn() -> None:
    keys = announced([FIRST], "second", START)
    keys = announced(keys, "third", START + SECOND, force=True)
    turns = {START: "first", START + ANNOUNCEMENT: "second", START + ANNOUNCEMENT + SECOND: "third"}
    for moment, kid in turns.items():
        signer = signer_among(keys, moment)
        assert signer is not None
        assert signer.kid == kid
    first, second, _ = keys
    assert first.expires_at == START + ANNOUNCEMENT + LIFE + SKEW
    assert second.expires_at == START + SECOND + ANNOUNCEMENT + LIFE + SKEW


def test_a_signing_key_is_kept_until_the_next_one_signs_whatever_end_it_had() -> None:
    (old, _) = announced([replace(FIRST, expires_at=START + SECOND)], "second", START)
    assert old.expires_at == START + ANNOUNCEMENT + LIFE + SKEW


def test_where_no_key_signs_there_is_nothing_to_wait_for() -> None:
    expired = replace(FIRST, expires_at=START)
    with pytest.raises(Conflict, match="immediately"):
        announced([expired], "second", START, force=True)
    assert states(POLICY.replace_at_once([expired], pair("second"), now=START), START) == {
        "second": KeyState.SIGNING
    }


def test_at_once_the_new_key_signs_and_every_other_one_is_worthless() -> None:
    keys = announced([FIRST], "second", START)
    now = START + SECOND
    keys = POLICY.replace_at_once(keys, pair("third"), now=now)
    assert states(keys, now) == {"first": KeyState.EXPIRED, "third": KeyState.SIGNING}
    assert keys[-1].published_at == now


def test_a_replica_whose_clock_is_behind_takes_a_key_that_signs_at_once() -> None:
    keys = POLICY.replace_at_once([FIRST], pair("second"), now=START)
    signer = signer_among(keys, START - SKEW)
    assert signer is not None
    assert signer.kid == "second"


def test_a_key_that_signs_at_once_comes_after_one_that_is_only_a_moment_old() -> None:
    young = replace(FIRST, kid="young", signs_from=START - SECOND)
    keys = POLICY.replace_at_once([FIRST, young], pair("second"), now=START)
    for clock in (START - SKEW, START - SECOND, START, START + SECOND):
        signer = signer_among(keys, clock)
        assert signer is not None
        assert signer.kid == "second"


def test_of_two_keys_of_one_time_all_replicas_choose_the_same() -> None:
    twins = [replace(FIRST, kid="a"), replace(FIRST, kid="b")]
    assert states(twins, START) == {"a": KeyState.VERIFYING, "b": KeyState.SIGNING}
    assert states(twins[::-1], START) == {"a": KeyState.VERIFYING, "b": KeyState.SIGNING}


def test_no_private_half_is_shown() -> None:
    keys = announced([FIRST], "second", START)
    assert "pem" not in repr(keys)
    assert "pem" not in repr(statuses(keys, START))
    assert "pem" not in repr(pair("second"))


ROTATIONS = st.lists(st.tuples(st.integers(1, 2 * 86_400), st.booleans()), min_size=1, max_size=8)


@given(ROTATIONS)
def test_however_often_keys_are_rotated_no_token_is_ever_without_its_key(
    rotations: list[tuple[int, bool]],
) -> None:
    """Every key is known for the announcement before it signs, and a life after it has stopped."""
    history: dict[str, list[StoredKey]] = {"first": [FIRST]}
    keys: tuple[StoredKey, ...] = (FIRST,)
    now = START
    for number, (seconds, force) in enumerate(rotations):
        now += timedelta(seconds=seconds)
        try:
            keys = announced(keys, f"key-{number}", now, force=force)
        except Conflict:
            assert not force
            continue
        for key in keys:
            history.setdefault(key.kid, []).append(key)
    latest = {kid: versions[-1] for kid, versions in history.items()}
    order = sorted(latest.values(), key=lambda key: key.signs_from)
    for key, successor in pairwise(order):
        assert successor.signs_from - successor.published_at == ANNOUNCEMENT
        assert key.expires_at is not None
        assert key.expires_at >= successor.signs_from + LIFE
    assert order[-1].expires_at is None
