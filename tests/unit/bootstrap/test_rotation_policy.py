"""The times of a rotation follow from what the rest of the service really does."""

import pytest

from core.bootstrap.key_operations import rotation_policy
from core.config.loading import load
from core.transport.published_keys import JWKS_MAX_AGE_SECONDS
from gateway.contract import load_services, rpcs_of

ENVIRONMENT = {
    "APP_ENV": "dev",
    "PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "30",
    "PANDORA_VAULT__TIMEOUT_SECONDS": "5",
    "PANDORA_TOKENS__CLOCK_SKEW_SECONDS": "7",
}


def test_keys_are_announced_for_as_long_as_the_gateway_lets_the_world_keep_the_old_ones() -> None:
    rpcs = {rpc.name: rpc for rpc in rpcs_of(load_services())}
    told = rpcs["pandora.user.v1.AuthService.GetJwks"].public_max_age_seconds
    assert told == JWKS_MAX_AGE_SECONDS == 300


def test_a_key_is_announced_until_the_last_replica_has_it_and_the_last_cache_is_renewed() -> None:
    """A replica reads 30 s after the last time, and up to 15 s long: renew, log in, read."""
    policy = rotation_policy(load(ENVIRONMENT))
    assert policy.announcement_seconds == 300 + 30 + 3 * 5 + 7
    assert policy.clock_skew_seconds == 7


@pytest.mark.parametrize(
    ("person", "service", "longest"), [(900, 86_400, 86_400), (900, 3600, 3600), (900, 60, 900)]
)
def test_an_old_key_lives_as_long_as_the_longest_token_of_anybody(
    person: int, service: int, longest: int
) -> None:
    environment = ENVIRONMENT | {
        "PANDORA_TOKENS__ACCESS_TOKEN_SECONDS": str(person),
        "PANDORA_TOKENS__SERVICE_TOKEN_MAX_SECONDS": str(service),
    }
    assert rotation_policy(load(environment)).longest_token_seconds == longest


def test_a_services_token_lives_for_a_day_at_most_and_so_does_its_key() -> None:
    policy = rotation_policy(load({"APP_ENV": "dev"}))
    assert policy.longest_token_seconds == 24 * 3600
