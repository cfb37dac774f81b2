"""IP addresses in logs: the network stays, the machine goes."""

import ipaddress
import re

_V4 = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_V6 = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![0-9A-Za-z])")
_MAX_OCTET = 255
_V6_GROUPS_KEPT = 3


def shorten_addresses(text: str) -> str:
    """Replace the last octet of IPv4 and the last five groups of IPv6 addresses by an `x`.

    What is left is a /24 or a /48: enough to see where trouble comes from, not from whom.
    """
    if "." in text:
        text = _V4.sub(_shorten_v4, text)
    if "::" in text or text.count(":") >= _V6_GROUPS_KEPT:
        text = _V6.sub(_shorten_v6, text)
    return text


def _shorten_v4(match: re.Match[str]) -> str:
    octets = match.groups()
    if any(int(octet) > _MAX_OCTET for octet in octets):
        return match[0]
    return ".".join((*octets[:3], "x"))


def _shorten_v6(match: re.Match[str]) -> str:
    address, rest = _leading_address(match[0])
    if address is None or address.is_unspecified:
        return match[0]
    groups = address.exploded.split(":")[:_V6_GROUPS_KEPT]
    return ":".join(format(int(group, 16), "x") for group in groups) + "::x" + rest


def _leading_address(text: str) -> tuple[ipaddress.IPv6Address | None, str]:
    """Split off the punctuation that a sentence may have put behind an address."""
    for end in range(len(text), max(len(text) - 3, 0), -1):
        try:
            return ipaddress.IPv6Address(text[:end]), text[end:]
        except ValueError:
            if text[end - 1] not in ".:":
                break
    return None, text
