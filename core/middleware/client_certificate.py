"""Who a client is by its certificate, which gRPC has held against the authorities already."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from google.protobuf.descriptor import ServiceDescriptor

from core.config.service_identities import ServiceIdentity
from core.middleware.access_rule import AccessRuleInvalid
from core.middleware.call import Call, Context

_URIS = "peer_uri"
"""Holds URIs alone; `x509_subject_alternative_name` mixes them with names of every other kind,
and a DNS name may be spelt like a URI."""

_FORWARDED = ("x-client-address", "x-client-user-agent")


def certificate_uri(context: Context) -> str | None:
    """Return the URI of the client's certificate; None where it has none, or more than one.

    A certificate of two names is nobody's (X.509-SVID section 2 asks for exactly one as well).
    """
    uris = context.auth_context().get(_URIS, ())
    found = {bytes(uri) for uri in uris}
    if len(found) != 1:
        return None
    try:
        return found.pop().decode("ascii")
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedService:
    """A service, and the only methods (`package.Service/Method`) it may call; None: no limit."""

    name: str
    methods: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class CertifiedServices:
    """The services that come with a certificate, by its URI."""

    by_uri: Mapping[str, CertifiedService]

    @classmethod
    def of(
        cls, identities: Iterable[ServiceIdentity], services: Iterable[ServiceDescriptor]
    ) -> Self:
        """Take what settings say; the named RPCs are looked for in these services.

        Raises:
            AccessRuleInvalid: there is no such RPC.
        """
        methods = {
            f"{service.name}/{method.name}": f"{service.full_name}/{method.name}"
            for service in services
            for method in service.methods
        }
        return cls(
            {identity.uri: _certified(identity, methods) for identity in identities},
        )

    def caller(self, call: Call) -> CertifiedService | None:
        """Return the service that makes a call without any other credentials.

        A call that was forwarded for somebody is theirs, never the forwarder's.
        """
        if not self.by_uri or call.values("authorization"):
            return None
        if any(call.values(key) for key in _FORWARDED):
            return None
        uri = certificate_uri(call.context)
        return None if uri is None else self.by_uri.get(uri)


def _certified(identity: ServiceIdentity, methods: Mapping[str, str]) -> CertifiedService:
    if identity.rpcs is None:
        return CertifiedService(name=identity.name, methods=None)
    for rpc in sorted(identity.rpcs - methods.keys()):
        raise AccessRuleInvalid(rpc, f"there is no such RPC to narrow {identity.name} to")
    return CertifiedService(
        name=identity.name, methods=frozenset(methods[rpc] for rpc in identity.rpcs)
    )
