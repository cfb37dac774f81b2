"""Certificates that must not be believed, and putting them where a server shows them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from devstack.certificate_authority import CertificateAuthority
from devstack.certificates import CertificateFiles, Certificates, Identity, alternative_names
from devstack.stack import Stack

ELSEWHERE = "elsewhere.example"


class StrangeAuthority:
    """An authority that nobody trusts, and that issues whatever is asked of it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Nobody's root")
        self.root = self._certificate(self._name, self._key, [], is_authority=True)

    def write_root(self, file: Path) -> Path:
        """Put the root into a file, for a client that is to trust it alone."""
        file.write_bytes(self.root.public_bytes(Encoding.PEM))
        return file

    def issue(self, identity: Identity, files: CertificateFiles) -> CertificateFiles:
        """Write a certificate that says of its holder what the right one would say."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = list(alternative_names(identity))
        certificate = self._certificate(_named(identity.name), key, names, is_authority=False)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files.write(certificate.public_bytes(Encoding.PEM).decode(), private.decode())
        return files

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[x509.GeneralName],
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def issue_for_elsewhere(stack: Stack, files: CertificateFiles) -> None:
    """Let the right authority issue a certificate for a host that is not this one."""
    client = stack.openbao.client()
    client.secrets.pki.create_or_update_role(
        "elsewhere",
        {"allowed_domains": [ELSEWHERE], "allow_bare_domains": True, "key_type": "ec"},
        mount_point="pki",
    )
    answer = client.write_data("pki/issue/elsewhere", data={"common_name": ELSEWHERE, "ttl": "1h"})
    files.write(answer["data"]["certificate"] + "\n", answer["data"]["private_key"] + "\n")


@contextmanager
def another_certificate(
    stack: Stack, certificates: Certificates, name: str
) -> Iterator[CertificateFiles]:
    """Lend the files of a server's certificate; afterwards it shows a right one again."""
    files = certificates.of(name)
    before = (files.certificate.read_text(), files.key.read_text())
    try:
        yield files
    finally:
        files.write(*before)
        if name == "openbao":
            stack.openbao.show_new_certificate()


def renew(stack: Stack, certificates: Certificates, name: str) -> None:
    """Issue another right certificate to a server, as when the old one is near its end."""
    CertificateAuthority(stack.openbao.client(), certificates).issue(
        Identity(name=name), certificates.of(name)
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def server_port(stack: Stack, name: str) -> int:
    """Return where a server listens behind what speaks TLS for it."""
    ports = json.loads((stack.root / "ports.json").read_text())
    return int(ports["behind_tls"][name])
