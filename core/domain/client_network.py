"""Whom a limit counts as one client, and who is not counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

from core.domain.client_binding import address_prefix

_WHOLE_IPV4 = 32
_REMEMBERED_ADDRESSES = 4096


@lru_cache(_REMEMBERED_ADDRESSES)
def client_network(address: str | None) -> str | None:
    """Return what is counted as one client: an IPv4 address, or the /64 around an IPv6 address.

    Whoever has one IPv6 address has 2^64 of them (RFC 6177), and none of the neighbours'; behind
    one IPv4 address there may be many clients already. None where the address is not known.
    """
    return address_prefix(address, ipv4_bits=_WHOLE_IPV4)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptNetworks:
    """Networks whose clients are not counted: an operator's probes, a developer's machine."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read networks in CIDR notation.

        Raises:
            ValueError: a text is none.
        """
        return cls(networks=tuple(ip_network(text) for text in texts))

    def hold(self, address: str | None) -> bool:
        """Tell whether a client is not counted; one without a known address is."""
        client = _parsed(address) if self.networks else None
        return client is not None and any(client in network for network in self.networks)


@lru_cache(_REMEMBERED_ADDRESSES)
def _parsed(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
