"""Every forged token is refused; a genuine one passes, so that the rest means something."""

from collections.abc import Callable
from uuid import UUID

import pytest

from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.key_ring import KeyRing
from core.domain.errors import TokenExpired, TokenInvalid
from tests.fakes.clock import FakeClock
from tests.unit.crypto.forgeries import (
    AUDIENCE,
    CLAIMS,
    EXPIRED_KEY,
    FORGERIES,
    ISSUER,
    NOW,
    OURS,
    SESSION,
    USER,
    genuine,
    ours,
    with_claims,
    with_signature,
)


def codec() -> Es256AccessTokens:
    clock = FakeClock()
    keys = KeyRing([OURS, EXPIRED_KEY], clock=clock)
    return Es256AccessTokens(keys=keys, issuer=ISSUER, audience=AUDIENCE, clock=clock)


def test_a_genuine_token_is_accepted() -> None:
    claims = codec().read(genuine())
    assert claims.subject == USER
    assert claims.session_id == UUID(SESSION)


def test_there_are_at_least_forty_forgeries_and_no_two_are_alike() -> None:
    tokens = [forge() for forge in FORGERIES.values()]
    assert len(set(tokens)) == len(tokens) >= 40
    assert genuine() not in tokens


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(TokenInvalid):
        codec().read(forge())


@pytest.mark.parametrize("age_seconds", [0, 1, 10**6])
def test_a_genuine_token_past_its_time_is_expired(age_seconds: int) -> None:
    token = with_claims(iat=NOW - 10**7, nbf=NOW - 10**7, exp=NOW - age_seconds)
    with pytest.raises(TokenExpired):
        codec().read(token)


@pytest.mark.parametrize(
    "forge",
    [
        lambda: with_claims(exp=NOW - 1, iat=NOW - 2, nbf=NOW - 2, aud="pandora-wallet"),
        lambda: with_signature(with_claims(exp=NOW - 1, iat=NOW - 2, nbf=NOW - 2), bytes(64)),
        lambda: ours({**CLAIMS, "exp": NOW - 1, "iat": NOW - 2, "nbf": NOW - 2}, kid="key-2"),
        lambda: with_claims(exp=NOW - 1, iat=NOW - 2, nbf=NOW + 60),
    ],
    ids=["audience", "signature", "kid", "not valid yet"],
)
def test_a_token_that_is_both_wrong_and_old_is_not_called_expired(
    forge: Callable[[], str],
) -> None:
    with pytest.raises(TokenInvalid):
        codec().read(forge())


def test_claims_of_a_later_version_are_ignored() -> None:
    assert codec().read(with_claims(scope="trade")).subject == USER
