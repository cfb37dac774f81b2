"""The certificate that OpenBao shows until it can issue its own: signed by itself.

OpenBao holds the authority, and must be spoken to before that authority can issue anything.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from devstack.certificates import (
    CertificateFiles,
    Certificates,
    Identity,
    alternative_names,
    issued_by,
)

_LIFE: Final = timedelta(hours=1)
_CLOCK_SKEW: Final = timedelta(minutes=1)


def ensure_presentable(identity: Identity, certificates: Certificates) -> None:
    """Write such a certificate unless there is one that clients can still accept."""
    files, root = certificates.of(identity.name), certificates.root()
    present = files.read()
    if (
        present is None
        or present.not_valid_after_utc <= datetime.now(UTC)
        or not (signs_itself(files) or (root is not None and issued_by(root, present)))
    ):
        files.write(*self_signed(identity))


def signs_itself(files: CertificateFiles) -> bool:
    """Tell whether the certificate is one of these: who trusts it has to trust itself."""
    present = files.read()
    return present is not None and present.issuer == present.subject


def self_signed(identity: Identity, *, life: timedelta = _LIFE) -> tuple[str, str]:
    """Return a certificate that nobody else vouches for, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, identity.name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectAlternativeName(alternative_names(identity)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()
