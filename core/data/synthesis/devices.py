"""What people log in from: addresses that are reserved, and names of browsers and apps."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

_WEBKIT: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
_BLINK: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"

USER_AGENTS: Final = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_BLINK} Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 10; K) {_BLINK} Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "PandoraExchange/4.12.1 (iOS 18.6; iPhone16,1)",
    "PandoraExchange/4.12.0 (Android 15; Pixel 9)",
)

_IPV6_SHARE: Final = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something that somebody logs in from; `digest` stands for it among known devices."""

    ip_address: str = field(repr=False)
    user_agent: str = field(repr=False)
    digest: str = field(repr=False)


def draw_device(chance: Random) -> Device:
    """Return a device; its address is one that no network has (RFC 2544 and 3849)."""
    bits = chance.getrandbits(64)
    if chance.random() < _IPV6_SHARE:
        site, network, host = 0x100 + (bits & 0xEFF), bits >> 16 & 0xFFF | 1, bits >> 32 & 0xFFF
        ip_address = f"2001:db8:{site:x}:{network:x}::{host + 1:x}"
    else:
        ip_address = f"198.{18 + (bits & 1)}.{bits >> 8 & 0xFF}.{bits >> 16 & 0xFF}"
    return Device(
        ip_address=ip_address,
        user_agent=USER_AGENTS[int(chance.random() * len(USER_AGENTS))],
        # Of a key that nobody has: a login from there meets an unknown device.
        digest=f"{chance.getrandbits(256):064x}",
    )
