"""Which client a call comes from, as far as its network and its own word for itself tell."""

import json
from ipaddress import IPv6Address, ip_address, ip_network

from core.domain.caller import Origin

IPV4_PREFIX_BITS = 24
IPV6_PREFIX_BITS = 64
"""What one household or one mobile gateway gets at least (RFC 6177); within it addresses change."""


def address_prefix(address: str | None, *, ipv4_bits: int = IPV4_PREFIX_BITS) -> str | None:
    """Return the network around an address in CIDR notation: a /24 of IPv4, a /64 of IPv6.

    An IPv4 address mapped into IPv6 (RFC 4291 section 2.5.5.2) is the IPv4 address. None where
    there is no address, or the text is none.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = IPV6_PREFIX_BITS if isinstance(parsed, IPv6Address) else ipv4_bits
    return str(ip_network((parsed, bits), strict=False))


def client_binding(origin: Origin) -> str | None:
    """Return a text that calls of one client have in common: address prefix and user agent.

    None where the address is not known: what cannot be compared binds nothing. The text is
    personal data; only a keyed digest of it is stored.
    """
    prefix = address_prefix(origin.ip_address)
    return None if prefix is None else json.dumps([prefix, origin.user_agent])
