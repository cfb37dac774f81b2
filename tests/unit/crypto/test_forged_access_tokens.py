"""Every forged token is refused; a genuine one passes, so that the rest means something."""

from collections.abc import Callable
from uuid import UUID

import pytest

from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.key_ring import KeyRing
from core.domain.errors import TokenExpired, TokenInvalid
from tests.fakes.clock import FakeClock
from tests.unit.crypto.forger import FORGER, Forger, with_signature
from tests.unit.crypto.forgeries import FORGERIES

NOW = FORGER.now


def codec() -> Es256AccessTokens:
    clock = FakeClock()
    keys = KeyRing([FORGER.key, FORGER.expired_key], clock=clock)
    return Es256AccessTokens(keys=keys, issuer=FORGER.issuer, audience=FORGER.audience, clock=clock)


def test_a_genuine_token_is_accepted() -> None:
    claims = codec().read(FORGER.genuine())
    assert claims.subject == FORGER.user
    assert claims.session_id == UUID(FORGER.session)


def test_there_are_at_least_forty_forgeries_and_no_two_are_alike() -> None:
    tokens = [forge(FORGER) for forge in FORGERIES.values()]
    assert len(set(tokens)) == len(tokens) >= 40
    assert FORGER.genuine() not in tokens


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_is_refused(forge: Callable[[Forger], str]) -> None:
    with pytest.raises(TokenInvalid):
        codec().read(forge(FORGER))


@pytest.mark.parametrize("age_seconds", [0, 1, 10**6])
def test_a_genuine_token_past_its_time_is_expired(age_seconds: int) -> None:
    with pytest.raises(TokenExpired):
        codec().read(FORGER.expired(seconds=age_seconds))


@pytest.mark.parametrize(
    "forge",
    [
        lambda: FORGER.with_claims(exp=NOW - 1, iat=NOW - 2, nbf=NOW - 2, aud="pandora-wallet"),
        lambda: with_signature(
            FORGER.with_claims(exp=NOW - 1, iat=NOW - 2, nbf=NOW - 2), bytes(64)
        ),
        lambda: FORGER.ours(
            {**FORGER.claims, "exp": NOW - 1, "iat": NOW - 2, "nbf": NOW - 2}, kid="key-2"
        ),
        lambda: FORGER.with_claims(exp=NOW - 1, iat=NOW - 2, nbf=NOW + 60),
    ],
    ids=["audience", "signature", "kid", "not valid yet"],
)
def test_a_token_that_is_both_wrong_and_old_is_not_called_expired(
    forge: Callable[[], str],
) -> None:
    with pytest.raises(TokenInvalid):
        codec().read(forge())


def test_claims_of_a_later_version_are_ignored() -> None:
    assert codec().read(FORGER.with_claims(scope="trade")).subject == FORGER.user
