"""Which replays of a used refresh token are forgiven."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.domain.refresh_token import Attempt, Forgiveness, RefreshToken, ReplayPolicy, Rotation
from tests.fakes.clock import START

POLICY = ReplayPolicy(window_seconds=10, window_limit=10)
FIRST = Attempt(request_mark="a" * 64, binding_mark="b" * 64)
SAME_NAME = Attempt(request_mark="a" * 64, binding_mark="0" * 64)
SAME_CLIENT = Attempt(request_mark="0" * 64, binding_mark="b" * 64)
STRANGER = Attempt(request_mark="0" * 64, binding_mark="0" * 64)
NOBODY = Attempt()

UNUSED = RefreshToken(
    digest="d" * 64,
    user_id=UUID(int=1),
    session_id=UUID(int=2),
    created_at=START,
    expires_at=START + timedelta(days=7),
)
USED = replace(UNUSED, used_at=START, rotation=Rotation(successor_digest="e" * 64, attempt=FIRST))


def _used(
    attempt: Attempt = FIRST, *, window_replays: int = 0, successor_used: bool = False
) -> RefreshToken:
    rotation = Rotation(
        successor_digest="e" * 64,
        attempt=attempt,
        window_replays=window_replays,
        successor_used=successor_used,
    )
    return replace(USED, rotation=rotation)


def _after(
    seconds: float,
    attempt: Attempt = FIRST,
    token: RefreshToken = USED,
    policy: ReplayPolicy = POLICY,
) -> Forgiveness | None:
    return policy.forgives(token, attempt, START + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [0, 10, 10.001, 20, 600, 6 * 24 * 3600])
def test_the_same_request_id_is_forgiven_at_any_time(seconds: float) -> None:
    assert _after(seconds, SAME_NAME) is Forgiveness.REQUEST_ID


def test_the_same_request_id_is_forgiven_however_often_the_window_was_used() -> None:
    assert _after(1, SAME_NAME, _used(window_replays=1000)) is Forgiveness.REQUEST_ID


def test_the_request_id_goes_before_the_window_and_leaves_it_alone() -> None:
    assert _after(1, FIRST) is Forgiveness.REQUEST_ID


@pytest.mark.parametrize(
    ("seconds", "forgiven"),
    [(0, True), (9.999999, True), (10, True), (10.000001, False), (10.001, False), (20, False)],
)
def test_the_window_ends_10_seconds_after_the_rotation(seconds: float, forgiven: bool) -> None:  # noqa: FBT001
    assert _after(seconds, SAME_CLIENT) == (Forgiveness.WINDOW if forgiven else None)


def test_a_replica_whose_clock_is_behind_sees_the_window_open() -> None:
    assert _after(-1, SAME_CLIENT) is Forgiveness.WINDOW


@pytest.mark.parametrize(("replays", "forgiven"), [(0, True), (9, True), (10, False), (11, False)])
def test_the_window_forgives_10_replays(replays: int, forgiven: bool) -> None:  # noqa: FBT001
    answer = _after(1, SAME_CLIENT, _used(window_replays=replays))
    assert answer == (Forgiveness.WINDOW if forgiven else None)


@pytest.mark.parametrize("attempt", [STRANGER, NOBODY], ids=["stranger", "nobody"])
def test_another_client_with_another_name_is_never_forgiven(attempt: Attempt) -> None:
    assert _after(0, attempt) is None


def test_what_is_not_known_is_like_nothing() -> None:
    assert _after(0, NOBODY, _used(NOBODY)) is None
    assert _after(0, FIRST, _used(NOBODY)) is None


@pytest.mark.parametrize("attempt", [FIRST, SAME_NAME, SAME_CLIENT])
def test_nothing_is_forgiven_once_the_successor_was_used(attempt: Attempt) -> None:
    assert _after(0, attempt, _used(successor_used=True)) is None


@pytest.mark.parametrize("seconds", [0, 600])
def test_there_is_nothing_to_forgive_to_a_token_that_is_not_used(seconds: float) -> None:
    assert _after(seconds, FIRST, UNUSED) is None


def test_a_rotation_of_which_nothing_was_recorded_is_not_forgiven() -> None:
    assert _after(0, FIRST, replace(USED, rotation=None)) is None


def test_the_policy_decides_on_window_and_number() -> None:
    narrow = ReplayPolicy(window_seconds=2, window_limit=1)
    assert _after(2, SAME_CLIENT, policy=narrow) is Forgiveness.WINDOW
    assert _after(2.001, SAME_CLIENT, policy=narrow) is None
    assert _after(1, SAME_CLIENT, _used(window_replays=1), narrow) is None
    closed = ReplayPolicy(window_seconds=10, window_limit=0)
    assert _after(0, SAME_CLIENT, policy=closed) is None
