"""An authority and the certificates that it gives, made for a test and gone after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOOPBACK: Sequence[x509.GeneralName] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
)
"""The names of a server on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its key (PEM)."""

    certificate: bytes
    key: bytes = field(repr=False)
    expires_at: datetime

    def write(self, folder: Path, name: str = "tls") -> tuple[Path, Path]:
        """Put both into files; each is replaced at once, never half written."""
        files = folder / f"{name}.crt", folder / f"{name}.key"
        for file, content in zip(files, (self.certificate, self.key), strict=True):
            new = file.with_suffix(f"{file.suffix}.new")
            new.write_bytes(content)
            new.replace(file)
        return files


class Authority:
    """Signs certificates of P-256 keys."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._certificate = self._sign(
            self._name, self._key, x509.BasicConstraints(ca=True, path_length=0), (), _LIFE
        )

    @property
    def pem(self) -> bytes:
        """The certificate that vouches for those that this authority gives."""
        return self._certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str = "ca") -> Path:
        """Put the authority's certificate into a file."""
        file = folder / f"{name}.crt"
        file.write_bytes(self.pem)
        return file

    def issue(
        self,
        *names: x509.GeneralName,
        common_name: str = "test",
        starts_in: timedelta = timedelta(minutes=-5),
        life: timedelta = timedelta(hours=1),
    ) -> Issued:
        """Give a certificate with these subject alternative names."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins = datetime.now(UTC) + starts_in
        certificate = self._sign(
            _name(common_name),
            key,
            x509.BasicConstraints(ca=False, path_length=None),
            names,
            (begins, begins + life),
        )
        return Issued(
            certificate=certificate.public_bytes(Encoding.PEM),
            key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            expires_at=certificate.not_valid_after_utc,
        )

    def expired(self, *names: x509.GeneralName) -> Issued:
        """Give one that ran out an hour ago."""
        return self.issue(*names, starts_in=timedelta(hours=-2))

    def named(self, uri: str) -> Issued:
        """Give one to a service of the platform."""
        return self.issue(x509.UniformResourceIdentifier(uri))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        constraints: x509.BasicConstraints,
        names: Sequence[x509.GeneralName],
        valid: tuple[datetime, datetime],
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(constraints, critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if constraints.ca:
            builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True).add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, SHA256())


_LIFE = (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
