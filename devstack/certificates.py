"""Who gets which certificate, and where the files lie; they say themselves when they are due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from devstack.ports import HOST
from devstack.private_file import write_private

HOST_NAME: Final = "localhost"
TRUST_DOMAIN: Final = "spiffe://pandora.exchange"
_RENEWAL_SHARE: Final = 3
"""A certificate is due when less than this part (a third) of its life is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a certificate says of its holder: a server's host names, or a caller's URI."""

    name: str
    uri: str | None = None

    @property
    def is_server(self) -> bool:
        """Whether it is shown by who is called; else by who calls."""
        return self.uri is None


SERVERS: Final = tuple(
    Identity(name=name) for name in ("openbao", "postgres", "valkey", "core", "gateway")
)
GATEWAY_CLIENT: Final = Identity(name="gateway-client", uri=f"{TRUST_DOMAIN}/gateway")
SERVICE_CLIENT: Final = Identity(name="service-wallet", uri=f"{TRUST_DOMAIN}/service/wallet")
IDENTITIES: Final = (*SERVERS, GATEWAY_CLIENT, SERVICE_CLIENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """A certificate (with what leads to the root, if anything does) and its key, in PEM."""

    certificate: Path
    key: Path

    def write(self, certificate: str, key: str) -> None:
        """Replace both, the key first; a reader that meets an unequal pair looks again later."""
        write_private(self.key, key)
        write_private(self.certificate, certificate)

    def read(self) -> x509.Certificate | None:
        """Return the certificate; None if there is none or the key belongs to another one."""
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            key = load_pem_private_key(self.key.read_bytes(), password=None)
        except (FileNotFoundError, ValueError):
            return None
        return certificate if key.public_key() == certificate.public_key() else None


@dataclass(frozen=True, slots=True)
class Certificates:
    """The folder that holds the root's certificate and a folder for each identity."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The root's certificate: whom every client here trusts."""
        return self.folder / "ca.pem"

    def root(self) -> x509.Certificate | None:
        """Return what lies there, if anything does."""
        try:
            return x509.load_pem_x509_certificate(self.authority.read_bytes())
        except FileNotFoundError:
            return None

    def of(self, name: str) -> CertificateFiles:
        """Return the files of one identity."""
        home = self.folder / name
        return CertificateFiles(certificate=home / "certificate.pem", key=home / "key.pem")


def is_due(
    certificate: x509.Certificate | None, identity: Identity, root: x509.Certificate
) -> bool:
    """Tell whether an identity needs a new certificate of this root."""
    if certificate is None or not issued_by(root, certificate):
        return True
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(names) != set(alternative_names(identity)):
        return True
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - datetime.now(UTC) < life / _RENEWAL_SHARE


def alternative_names(identity: Identity) -> Iterable[x509.GeneralName]:
    """Return the subject alternative names (RFC 5280, 4.2.1.6) of an identity."""
    if identity.uri is not None:
        return [x509.UniformResourceIdentifier(identity.uri)]
    return [x509.DNSName(HOST_NAME), x509.IPAddress(IPv4Address(HOST))]


def issued_by(root: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether this root has signed that certificate."""
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
