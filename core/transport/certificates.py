"""The server's certificate: read from files, checked, and read anew when they change."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_log = structlog.get_logger(__name__)

Stamp = tuple[tuple[int, int, int] | None, ...]


class CertificateRefused(Exception):
    """Certificate, key or authorities cannot be used; the message says which, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """Where they lie (PEM). With `client_ca` every client needs a certificate of its own."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def stamp(self) -> Stamp:
        """Return what differs when one of the files was replaced or written to."""
        files = (self.certificate, self.key, self.client_ca)
        return tuple(_stamp(file) for file in files if file is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A chain that fits its key, and whose certificates vouch for clients."""

    chain: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None
    expires_at: datetime
    """When the first certificate of the chain runs out."""


def read_certificate(files: CertificateFiles, now: datetime) -> Certificate:
    """Read and check all of it.

    Raises:
        CertificateRefused: something is missing, does not fit together, or is out of date.
    """
    chain, key = _content(files.certificate), _content(files.key)
    client_ca = None if files.client_ca is None else _content(files.client_ca)
    certificates = _certificates(chain, files.certificate)
    if client_ca is not None and files.client_ca is not None:
        _certificates(client_ca, files.client_ca)
    try:
        private_key = load_pem_private_key(key, password=None)
        fits = certificates[0].public_key() == private_key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateRefused(f"{files.key} holds no private key that can be read") from None
    if not fits:
        raise CertificateRefused(f"{files.key} is not the key of {files.certificate}")
    expires_at = min(each.not_valid_after_utc for each in certificates)
    if not max(each.not_valid_before_utc for each in certificates) <= now < expires_at:
        raise CertificateRefused(f"{files.certificate} is out of date, or not valid yet")
    return Certificate(chain=chain, key=key, client_ca=client_ca, expires_at=expires_at)


class CertificateSource:
    """The newest certificate that could be used. Files that cannot be are told of once.

    Safe to ask from any thread: gRPC does at every handshake, and metrics at every scrape.
    """

    def __init__(self, files: CertificateFiles, now: Callable[[], datetime]) -> None:
        """Read the files.

        Raises:
            CertificateRefused: they cannot be used; there is no older certificate to keep.
        """
        self._files = files
        self._now = now
        self._lock = threading.Lock()
        self._stamp = self._refused = files.stamp()
        self._current = read_certificate(files, now())
        self._failures = 0

    @property
    def failures(self) -> int:
        """How often changed files could not be used since the start."""
        return self._failures

    def newest(self) -> Certificate:
        """Return the certificate of the files as they are now, or the last one that was good."""
        with self._lock:
            stamp = self._files.stamp()
            if stamp != self._stamp:
                self._reload(stamp)
            return self._current

    def _reload(self, stamp: Stamp) -> None:
        try:
            read = read_certificate(self._files, self._now())
        except CertificateRefused as refusal:
            # Tried again at each handshake: it may only have been too early. Told of once.
            if stamp != self._refused:
                self._failures += 1
                self._refused = stamp
                _log.error("certificate_refused", problem=str(refusal))
            return
        # Taken before the files were read: what is written meanwhile differs from it.
        self._stamp = self._refused = stamp
        self._current = read
        _log.info("certificate_loaded", expires_at=read.expires_at.isoformat())


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateRefused(f"{file} cannot be read: {error.strerror}") from None


def _certificates(content: bytes, file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise CertificateRefused(f"{file} holds no certificate that can be read") from None
