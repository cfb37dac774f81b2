"""How long one waits after failures, and who counts as one client."""

import pytest

from core.domain.client_network import ExemptNetworks, client_network
from core.domain.throttling import BucketKind, DelayPolicy, ThrottlePolicy

ACCOUNT = DelayPolicy(from_failure=5, first_seconds=2, longest_seconds=900, memory_seconds=3600)
ADDRESS = DelayPolicy(from_failure=50, first_seconds=1, longest_seconds=60, memory_seconds=3600)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 2), (6, 4), (7, 8), (13, 512), (14, 900), (100, 900), (10**9, 900)],
)
def test_the_wait_doubles_from_a_certain_failure_on(failures: int, seconds: float) -> None:
    assert ACCOUNT.seconds(failures) == seconds


def test_no_more_are_judged_at_once_than_may_fail_before_the_wait() -> None:
    assert [ACCOUNT.places(failures) for failures in range(8)] == [5, 4, 3, 2, 1, 1, 1, 1]


def test_accounts_and_addresses_have_waits_of_their_own() -> None:
    policy = ThrottlePolicy(account=ACCOUNT, address=ADDRESS, most_failures=100, stale_days=90)
    assert policy.delays(BucketKind.ACCOUNT) is ACCOUNT
    assert policy.delays(BucketKind.ADDRESS) is ADDRESS
    assert [policy.closes_at(failures) for failures in (99, 100, 101)] == [False, True, True]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", None),
        (None, None),
    ],
)
def test_one_client_is_an_ipv4_address_or_a_64(address: str | None, network: str | None) -> None:
    assert client_network(address) == network


@pytest.mark.parametrize(
    ("address", "is_exempt"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("128.0.0.1", False),
        ("::1", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        (None, False),
        ("no address", False),
    ],
)
def test_exempt_networks_hold_their_own(address: str | None, is_exempt: bool) -> None:  # noqa: FBT001 - a case
    networks = ExemptNetworks.parse(["127.0.0.0/8", "::1/128", "2001:db8::/32"])
    assert networks.hold(address) is is_exempt
    assert not ExemptNetworks().hold(address)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits"):
        ExemptNetworks.parse(["127.0.0.1/8"])
