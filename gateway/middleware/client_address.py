"""Where a request comes from: the peer, or what trusted proxies say of whom they forward for."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import web

from gateway.exchange import Exchange, Next

HEADER: Final = "X-Forwarded-For"
SCHEME_HEADER: Final = "X-Forwarded-Proto"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CACHED_ADDRESSES: Final = 4096


class ClientAddress:
    """Reads X-Forwarded-For from the right, as long as it was a trusted proxy that wrote.

    What an untrusted hop says about those before it could be made up, so it ends the reading. The
    same goes for X-Forwarded-Proto, of which the last word is the nearest proxy's. `Forwarded`
    (RFC 7239) is not read: of two headers that say the same a proxy sets one and lets the client's
    own pass in the other.
    """

    def __init__(self, trusted_proxies: Sequence[Network]) -> None:
        """Take the networks of the proxies; without any the peer is the client."""
        self._trusted_proxies = tuple(trusted_proxies)
        self._is_trusted = lru_cache(_CACHED_ADDRESSES)(self._look_up)

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Find the address; see Middleware."""
        peer, headers = exchange.request.remote or "", exchange.request.headers
        exchange.client_address = self.find(peer, headers.getall(HEADER, []))
        if SCHEME_HEADER in headers and self._is_proxy(peer):
            exchange.scheme = headers.getall(SCHEME_HEADER)[-1].rpartition(",")[2].strip().lower()
        return await proceed(exchange)

    def find(self, peer: str, forwarded: Sequence[str]) -> str:
        """Find the client's address in canonical form; empty where the peer has none."""
        address = parse_address(peer)
        if address is None:
            return ""
        hops = ",".join(forwarded).split(",") if forwarded else []
        while hops and self._is_trusted(address):
            hop = parse_address(hops.pop())
            if hop is None:
                break
            address = hop
        return str(address)

    def _is_proxy(self, peer: str) -> bool:
        address = parse_address(peer)
        return address is not None and self._is_trusted(address)

    def _look_up(self, address: Address) -> bool:
        return any(address in network for network in self._trusted_proxies)


@lru_cache(_CACHED_ADDRESSES)
def parse_address(text: str) -> Address | None:
    """Read an address, also with a port or in brackets; an IPv4-mapped one becomes IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
