"""Which calls count as one client's."""

import pytest

from core.domain.caller import Origin
from core.domain.client_binding import address_prefix, client_binding


def _origin(address: str | None, user_agent: str | None = "browser/1.0") -> Origin:
    return Origin(request_id="r", trace_id="t", ip_address=address, user_agent=user_agent)


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("203.0.114.0", "203.0.114.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_an_address_has_a_network(address: str, prefix: str) -> None:
    assert address_prefix(address) == prefix


@pytest.mark.parametrize("address", [None, "", "unknown", "203.0.113", "203.0.113.7/24"])
def test_what_is_no_address_has_none_and_binds_nothing(address: str | None) -> None:
    assert address_prefix(address) is None
    assert client_binding(_origin(address)) is None


def test_calls_from_one_network_with_one_user_agent_are_bound_alike() -> None:
    assert client_binding(_origin("203.0.113.7")) == client_binding(_origin("203.0.113.8"))
    assert client_binding(_origin("2001:db8::1")) == client_binding(_origin("2001:db8::2"))
    assert client_binding(_origin("203.0.113.7", None)) == client_binding(
        _origin("203.0.113.8", None)
    )


@pytest.mark.parametrize(
    ("address", "user_agent"),
    [
        ("203.0.114.7", "browser/1.0"),
        ("2001:db8::1", "browser/1.0"),
        ("203.0.113.7", "browser/1.1"),
        ("203.0.113.7", "Browser/1.0"),
        ("203.0.113.7", ""),
        ("203.0.113.7", None),
    ],
)
def test_another_network_or_user_agent_is_another_client(
    address: str, user_agent: str | None
) -> None:
    assert client_binding(_origin("203.0.113.7")) != client_binding(_origin(address, user_agent))


def test_no_user_agent_is_not_one_that_spells_nothing() -> None:
    bindings = {client_binding(_origin("203.0.113.7", agent)) for agent in (None, "null", '"')}
    assert len(bindings) == 3
