"""Where a call comes from: its request id, the client's address, and what the client says it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import unquote

import structlog

from core.config.rules import is_uri
from core.domain.caller import Caller, Origin
from core.domain.ports.clock import IdGenerator
from core.middleware.call import Answer, Call, Next
from core.middleware.client_certificate import certificate_uri

MAX_USER_AGENT_LENGTH = 512
"""Characters of a user agent that are kept."""

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029))
_UNIX_SOCKET = "unix:"
_REMEMBERED_PEERS = 4096


def normalised_address(text: str) -> str | None:
    """Return an IP address in its one canonical spelling, or None where it is none.

    An IPv4 address mapped into IPv6 (RFC 4291 section 2.5.5.2) is the IPv4 address; an IPv6 zone
    (RFC 4007) means nothing outside the machine and is dropped.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


def peer_address(peer: str) -> str | None:
    """Return the address of a peer as grpc names it: `ipv4:1.2.3.4:5`, `ipv6:%5B::1%5D:5`.

    None where the peer has no address, as on a Unix socket.
    """
    scheme, _, rest = peer.partition(":")
    if scheme not in {"ipv4", "ipv6"}:
        return None
    host, _, _ = unquote(rest).rpartition(":")
    return normalised_address(host.removeprefix("[").removesuffix("]"))


def sanitised_user_agent(text: str) -> str | None:
    """Return what a client says it is, cut to 512 characters and without control characters.

    PostgreSQL cannot store NUL, and line breaks would lie to whoever reads the audit log.
    """
    if not text.isprintable():
        text = text.translate(_CONTROLS)
    return text[:MAX_USER_AGENT_LENGTH].strip() or None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedPeers:
    """Who may say on whose behalf a call is made: networks, certificates, the local socket."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    uris: frozenset[str] = frozenset()
    unix_sockets: bool = False

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read `unix:`, URIs of certificates, and networks in CIDR notation.

        Raises:
            ValueError: an entry is none of them.
        """
        texts = set(entries)
        uris = frozenset(text for text in texts if is_uri(text))
        return cls(
            networks=tuple(map(ip_network, sorted(texts - uris - {_UNIX_SOCKET}))),
            uris=uris,
            unix_sockets=_UNIX_SOCKET in texts,
        )

    def trust(self, peer: str) -> bool:
        """Tell whether a peer, as grpc names it, is believed."""
        if peer.startswith(_UNIX_SOCKET):
            return self.unix_sockets
        text = peer_address(peer)
        if text is None:
            return False
        address = ip_address(text)
        return any(address in network for network in self.networks)


class Origins:
    """Stage: finds out where a call comes from, and tells the client the request id."""

    def __init__(self, *, trusted_peers: TrustedPeers, ids: IdGenerator) -> None:
        """Take who is believed, and where ids come from that the client does not give."""
        self._ids = ids
        self._trusted_uris = trusted_peers.uris
        # One entry per connection: a peer's name holds its port.
        self._peer = lru_cache(_REMEMBERED_PEERS)(
            lambda peer: (peer_address(peer), trusted_peers.trust(peer))
        )

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Set the origin, and nobody as the caller."""
        call.trace_id = call.trace_id or self._ids.new_id().hex
        address, user_agent = self._client(call)
        origin = Origin(
            request_id=self._request_id(call),
            trace_id=call.trace_id,
            ip_address=address,
            user_agent=user_agent,
        )
        call.origin = origin
        call.caller = Caller(origin=origin)
        structlog.contextvars.bind_contextvars(
            request_id=origin.request_id, trace_id=origin.trace_id
        )
        # Trailing metadata travels with the status; initial metadata would be a message of its own.
        call.context.set_trailing_metadata((("x-request-id", origin.request_id),))
        return await proceed(call)

    def _request_id(self, call: Call) -> str:
        given = call.values("x-request-id")
        if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
            return given[0]
        return str(self._ids.new_id())

    def _client(self, call: Call) -> tuple[str | None, str | None]:
        address, trusted = self._peer(call.context.peer())
        if not trusted and self._trusted_uris:
            # Not remembered: another connection may come from the same port later.
            trusted = certificate_uri(call.context) in self._trusted_uris
        agents = call.values("user-agent")
        if trusted and (forwarded := call.values("x-client-address")):
            # Two addresses are one too many to believe either.
            address = normalised_address(forwarded[0]) if len(forwarded) == 1 else None
            agents = call.values("x-client-user-agent")
        return address, sanitised_user_agent(agents[0]) if agents else None
